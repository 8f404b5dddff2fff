# The top layer of an image: `contents` as links into the store, and what the user's commands make of them.
# Kept as a tar, since the store would take owners and modes away; the same bytes as dockerTools'
# (reference: dockertools-wire-format, section 5), but for the account files.
{
  lib,
  symlinkJoin,
  fakeroot,
  proot,
}:

{
  baseName,
  contents,
  extraCommands,
  fakeRootCommands,
  enableFakechroot,
}:

let
  # Where fakeRootCommands find the build's temporary folder when `/` is the image's root: a fixed place, so that
  # the layer does not depend on where the build runs.
  buildFolder = "/.varve-build";

  hostFolders = [
    "/dev"
    "/proc"
    "/sys"
    builtins.storeDir
  ];

  enterRoot = ''
    export imageRoot=/
    export TMPDIR=${buildFolder} TEMPDIR=${buildFolder} TMP=${buildFolder} TEMP=${buildFolder}
    for variable in NIX_ATTRS_SH_FILE NIX_ATTRS_JSON_FILE; do
      [ -z "''${!variable-}" ] || export "$variable=${buildFolder}/''${!variable##*/}"
    done
    export excludedFolders="${toString (hostFolders ++ [ buildFolder ])}"
    proot -r "$PWD/image_root" \
      ${lib.concatMapStringsSep " " (folder: "--bind='${folder}/:${folder}/!'") hostFolders} \
      --bind="$NIX_BUILD_TOP/:${buildFolder}/!" \
      --pwd=/ '';
in

symlinkJoin {
  name = "${baseName}-customisation-layer";
  paths = contents;
  inherit extraCommands fakeRootCommands;
  nativeBuildInputs = [ fakeroot ] ++ lib.optional enableFakechroot proot;
  regularAccountFiles = ./regular-account-files.sh;

  postBuild = ''
    mv $out image_root
    (
      cd image_root
      source $regularAccountFiles
      eval "$extraCommands"
    )

    mkdir $out
    ${lib.optionalString enableFakechroot ''
      source ${./proot-allowed.sh}
      imageName=${lib.escapeShellArg baseName}
      varveProotAllowed enableFakechroot
    ''}
    (
      export imageRoot=$PWD/image_root out stdenv fakeRootCommands regularAccountFiles
      # Real changes of owner fail in a sandbox with an error that some versions of fakeroot pass on.
      export FAKEROOTDONTTRYCHOWN=1
      ${lib.optionalString enableFakechroot enterRoot}fakeroot bash -e ${./pack-customisation-layer.sh}
    )

    # proot does not always tell that what it ran has failed.
    if ! [ -e $out/layer.tar ]; then
      echo "varve: the commands for the image's root have failed" >&2
      exit 1
    fi
    sha256sum $out/layer.tar | cut -d ' ' -f 1 > $out/checksum
  '';
}
