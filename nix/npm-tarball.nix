# The tarball of an npm package, as the registry has it, checked against the lock file's integrity.
#
# Which registry that is, and how it is reached, is for npm's own settings to say. Environment variables bring
# them into the build; with a Nix daemon they are the daemon's.
{
  lib,
  stdenvNoCC,
  fetchurl,
  nodejs,
}:

let
  # npm takes its settings in either case.
  npmSettings = lib.concatMap (setting: [
    "NPM_CONFIG_${lib.toUpper setting}"
    "npm_config_${setting}"
  ]) [
    "cache"
    "cafile"
    "globalconfig"
    "https_proxy"
    "noproxy"
    "proxy"
    "registry"
    "strict_ssl"
    "userconfig"
  ];

  proxies = [
    "http_proxy"
    "https_proxy"
    "no_proxy"
    "HTTP_PROXY"
    "HTTPS_PROXY"
    "NO_PROXY"
    "all_proxy"
    "ALL_PROXY"
  ];
in
{
  name,
  version,
  integrity,
  resolved ? null,
}:

let
  fileName = "${lib.replaceStrings [ "@" "/" ] [ "" "-" ] name}-${version}.tgz";
  storeName = lib.strings.sanitizeDerivationName fileName;

  # npm may list several; the first is the strongest.
  hash = builtins.head (lib.splitString " " integrity);
in
if resolved != null && lib.hasPrefix "http" resolved then
  fetchurl {
    name = storeName;
    url = resolved;
    inherit hash;
  }
else
  stdenvNoCC.mkDerivation {
    name = storeName;
    outputHashMode = "flat";
    outputHash = hash;
    nativeBuildInputs = [ nodejs ];
    impureEnvVars =
      npmSettings
      ++ proxies
      ++ [
        "NODE_EXTRA_CA_CERTS"
        "NODE_USE_SYSTEM_CA"
      ];
    preferLocalBuild = true;
    buildCommand = ''
      export HOME=$TMPDIR
      npm pack --silent --ignore-scripts --prefer-offline --pack-destination "$TMPDIR" \
        ${lib.escapeShellArg "${name}@${version}"} > packed
      mv "$TMPDIR/$(tail -n 1 packed)" "$out"
    '';
    meta.description = "The tarball of the npm package ${name}";
  }
