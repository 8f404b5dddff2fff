# Node.js from the npm package that varve's own package-lock.json pins, and the machine's npm.
{
  lib,
  buildPlatform,
  hostPlatform,
  makeDerivation,
  fromDebian,
  glibc,
  libgcc,
  gccLib,
  bash,
}:
let
  version = "24.21.0";
  # As in varve's package-lock.json; test/peers/nixpkgs.test.ts compares them.
  integrity = {
    x64 = "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==";
    arm64 = "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==";
  };
  npmPackage = "node-linux-${hostPlatform.node.arch}";

  machine = {
    inherit (buildPlatform) system;
    builder = "/bin/bash";
    PATH = "/usr/local/bin:/usr/bin:/bin";
    preferLocalBuild = true;
    allowSubstitutes = false;
    __noChroot = true;
  };

  # npm's own settings decide where it comes from. Its user is the one who builds, if that is a person.
  tarball = makeDerivation (
    machine
    // {
      name = "${npmPackage}-${version}.tgz";
      args = [
        "-euo"
        "pipefail"
        "-c"
        ''
          HOME=$(unset HOME; echo ~)
          [[ -w $HOME ]] || HOME=$TMPDIR
          export HOME
          npm pack --silent --ignore-scripts --prefer-offline --pack-destination "$TMPDIR" ${npmPackage}@${version} >&2
          mv "$TMPDIR/${npmPackage}-${version}.tgz" "$out"
          exit 0
        ''
      ];
      outputHashMode = "flat";
      outputHash = integrity.${hostPlatform.node.arch};
      outputHashAlgo = null;
      impureEnvVars = import ../build-support/proxies.nix ++ [
        "NODE_EXTRA_CA_CERTS"
        "NPM_CONFIG_CACHE"
        "NPM_CONFIG_CAFILE"
        "NPM_CONFIG_REGISTRY"
        "NPM_CONFIG_USERCONFIG"
      ];
    }
  );

  # The program alone, without npm: what belongs into images.
  nodejs-slim = fromDebian {
    pname = "nodejs-slim";
    inherit version;
    libc = glibc;
    deps = [
      gccLib
      libgcc
    ];
    env = { inherit tarball; };
    preInstall = ''
      mkdir -p "$out/bin"
      tar xzf "$tarball" -C "$out/bin" --strip-components=2 package/bin/node
    '';
    meta.mainProgram = "node";
    passthru = { inherit tarball; };
  };

  # Node.js with npm, for building. npm keeps to the machine's settings, and to those of the user who
  # builds if that is a person; so it works wherever npm works outside of Nix.
  nodejs = makeDerivation (
    machine
    // {
      name = "nodejs-${version}";
      args = [
        "-euo"
        "pipefail"
        ./nodejs.sh
      ];
      slim = nodejs-slim;
      inherit bash;
      meta.mainProgram = "node";
      passthru = {
        inherit version;
        pname = "nodejs";
      };
    }
  );
in
{
  inherit nodejs nodejs-slim;
  nodejs_24 = nodejs;
  nodejs-slim_24 = nodejs-slim;
}
