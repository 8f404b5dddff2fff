# buildImage's layer with `runAsRoot`: what the script changes in the files of the base image and of `copyToRoot`.
#
# Where dockerTools boots a virtual machine for it, the base is unpacked in a fakeroot session, the script runs as that
# session's root with the unpacked files as `/` (proot), and whatever is new, different or gone afterwards is the layer.
# So no KVM is needed; but nothing is mounted, no device works, and programs are not the kernel's root: those without a
# dynamic linker of this system do not see the owners that others have set.
{
  lib,
  runCommand,
  writeScript,
  runtimeShell,
  coreutils,
  varve,
  rsync,
  fakeroot,
  proot,
}:

{
  name,
  baseName,
  # As varve's command line takes it, or "".
  base,
  architecture,
  copyToRoot,
  keepContentsDirlinks,
  runAsRoot,
  extraCommands,
}:

let
  buildFolder = "/.varve-build";

  hostFolders = [
    "/dev"
    "/proc"
    "/sys"
    builtins.storeDir
  ];

  script = writeScript "${baseName}-run-as-root" ''
    #!${runtimeShell}
    set -e
    export PATH=${coreutils}/bin:/bin
    ${runAsRoot}
  '';
in
runCommand "docker-layer-${baseName}"
  {
    imageName = name;
    inherit base architecture copyToRoot extraCommands;
    keepDirlinks = keepContentsDirlinks;
    runAsRoot = script;
    copiedLayer = ./copied-layer.sh;
    regularAccountFiles = ./regular-account-files.sh;
    mountPoints = hostFolders ++ [ buildFolder ];
    nativeBuildInputs = [
      varve
      rsync
      fakeroot
      proot
    ];
  }
  ''
    export XDG_CACHE_HOME=$PWD/cache
    if [ -n "$base" ]; then
      platformOption=()
      # Of a layout with images for several platforms.
      [ ! -d "''${base%%:*}" ] || platformOption=(--platform "linux/$architecture")
      varve export "$base" "''${platformOption[@]}" -o base.tar
    fi
    # Real changes of owner fail in a sandbox with an error that some versions of fakeroot pass on.
    export FAKEROOTDONTTRYCHOWN=1 stdenv out
    export imageName base copyToRoot extraCommands keepDirlinks runAsRoot copiedLayer regularAccountFiles mountPoints
    source ${./proot-allowed.sh}
    varveProotAllowed runAsRoot
    touch owners
    fakeroot -i owners -s owners bash -e ${./root-layer.sh} unpack
    (
      export TMPDIR=${buildFolder} TEMPDIR=${buildFolder} TMP=${buildFolder} TEMP=${buildFolder}
      proot -r "$PWD/root" \
        ${lib.concatMapStringsSep " " (folder: "--bind='${folder}/:${folder}/!'") hostFolders} \
        --bind="$NIX_BUILD_TOP/:${buildFolder}/!" --pwd=/ \
        fakeroot -i ${buildFolder}/owners -s ${buildFolder}/owners bash -e ${./root-layer.sh} run
    ) || true
    # proot does not always tell whether what it ran has failed.
    if ! [ -e ran ]; then
      echo "varve: image '$imageName': runAsRoot has failed" >&2
      exit 1
    fi
    mkdir $out
    fakeroot -i owners bash -e ${./root-layer.sh} pack
  ''
