# The accounts a container needs, as nixpkgs' fakeNss.
{
  lib,
  symlinkJoin,
  writeTextDir,
  runCommand,
  extraPasswdLines ? [ ],
  extraGroupLines ? [ ],
}:
symlinkJoin {
  name = "fake-nss";
  paths = [
    (writeTextDir "etc/passwd" (
      lib.concatLines (
        [ "root:x:0:0:root user:/var/empty:/bin/sh" ]
        ++ extraPasswdLines
        ++ [ "nobody:x:65534:65534:nobody:/var/empty:/bin/sh" ]
      )
    ))
    (writeTextDir "etc/group" (
      lib.concatLines ([ "root:x:0:" ] ++ extraGroupLines ++ [ "nobody:x:65534:" ])
    ))
    (writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    (runCommand "var-empty" { } "mkdir -p $out/var/empty")
  ];
}
