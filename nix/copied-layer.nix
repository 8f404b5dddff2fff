# buildImage's layer without its store paths: `copyToRoot` copied, and what extraCommands make of it. A folder with
# `layer.tar`, which the store would otherwise take owners away from.
{ runCommand, rsync }:

{
  name,
  baseName,
  copyToRoot,
  keepContentsDirlinks,
  extraCommands,
  uid,
  gid,
}:

runCommand "docker-layer-${baseName}"
  {
    imageName = name;
    inherit copyToRoot extraCommands;
    keepDirlinks = keepContentsDirlinks;
    uid = toString uid;
    gid = toString gid;
    regularAccountFiles = ./regular-account-files.sh;
    nativeBuildInputs = [ rsync ];
  }
  ''
    source ${./copied-layer.sh}
    mkdir layer $out
    varveCopyToRoot layer $copyToRoot
    if [ -n "$extraCommands" ]; then
      (cd layer && eval "$extraCommands")
    fi
    varvePackRoot layer $out/layer.tar --owner "$uid" --group "$gid"
  ''
