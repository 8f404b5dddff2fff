# Builds nodejs.nix's package with npm: links to Node.js, a copy of the machine's npm, and commands for it.

npm=$(realpath "$(command -v npm)") || {
  echo "the machine has no npm" >&2
  exit 1
}
npm=${npm%/bin/npm-cli.js}
[[ -f $npm/package.json ]] || {
  echo "npm is not where its command points to ($npm)" >&2
  exit 1
}
globalConfig=$(HOME=$TMPDIR npm config get globalconfig)

mkdir -p "$out/bin" "$out/lib/node_modules"
ln -s "$slim/bin/node" "$out/bin/node"
cp -R --no-preserve=ownership "$npm" "$out/lib/node_modules/npm"
# Documentation, and shell scripts that want a Node.js beside them.
rm -rf "$out"/lib/node_modules/npm/{docs,man,bin/npm,bin/npx,bin/node-gyp-bin}
find "$out/lib/node_modules/npm" -type f -exec sed -i "1s|^#! */usr/bin/env node|#!$slim/bin/node|;1s|^#! */usr/bin/env bash|#!$bash/bin/bash|;1s|^#! */bin/sh|#!$bash/bin/sh|" {} +

for command in npm npx; do
  cat >"$out/bin/$command" <<SCRIPT
#!$bash/bin/bash
export npm_config_globalconfig=\${npm_config_globalconfig-$globalConfig}
home=\$(unset HOME; echo ~)
if [[ -z \${npm_config_cache-}\${NPM_CONFIG_CACHE-} && -w \$home/.npm ]]; then
  export npm_config_cache=\$home/.npm
fi
exec $slim/bin/node $out/lib/node_modules/npm/bin/$command-cli.js "\$@"
SCRIPT
  chmod +x "$out/bin/$command"
done
