# What programs expect at fixed places in a root, as dockerTools has it: packages for `contents` and `copyToRoot`.
{
  lib,
  runCommand,
  runtimeShell,
  bash,
  coreutils,
  cacert,
  shadow,
}:

{
  usrBinEnv = runCommand "usr-bin-env" { } ''
    mkdir -p $out/usr/bin
    ln -s ${coreutils}/bin/env $out/usr/bin/env
  '';

  binSh = runCommand "bin-sh" { } ''
    mkdir -p $out/bin
    ln -s ${bash}/bin/bash $out/bin/sh
  '';

  caCertificates = runCommand "ca-certificates" { } ''
    mkdir -p $out/etc/ssl/certs $out/etc/pki/tls/certs
    for file in ssl/certs/ca-bundle.crt ssl/certs/ca-certificates.crt pki/tls/certs/ca-bundle.crt; do
      ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/$file
    done
  '';

  # /etc/passwd and its like with root and nobody. In an image they are regular files (regular-account-files.sh).
  fakeNss = lib.makeOverridable (
    {
      extraPasswdLines ? [ ],
      extraGroupLines ? [ ],
    }:
    let
      lines = lib.concatMapStrings (line: "${line}\n");
    in
    runCommand "fake-nss"
      {
        passwd = lines (
          [ "root:x:0:0:root user:/var/empty:/bin/sh" ]
          ++ extraPasswdLines
          ++ [ "nobody:x:65534:65534:nobody:/var/empty:/bin/sh" ]
        );
        group = lines ([ "root:x:0:" ] ++ extraGroupLines ++ [ "nobody:x:65534:" ]);
        passAsFile = [
          "passwd"
          "group"
        ];
      }
      ''
        mkdir -p $out/etc $out/var/empty
        cp "$passwdPath" $out/etc/passwd
        cp "$groupPath" $out/etc/group
        echo "hosts: files dns" > $out/etc/nsswitch.conf
      ''
  ) { };

  # Shell commands for runAsRoot and enableFakechroot: what useradd and groupadd want to find, and they themselves.
  shadowSetup = ''
    export PATH=${shadow}/bin:$PATH
    mkdir -p /etc/pam.d
    if ! [ -f /etc/passwd ]; then
      echo "root:x:0:0::/root:${runtimeShell}" > /etc/passwd
      echo "root:!x:::::::" > /etc/shadow
    fi
    if ! [ -f /etc/group ]; then
      echo "root:x:0:" > /etc/group
      echo "root:x::" > /etc/gshadow
    fi
    if ! [ -f /etc/pam.d/other ]; then
      printf '%s\n' \
        "account sufficient pam_unix.so" \
        "auth sufficient pam_rootok.so" \
        "password requisite pam_unix.so nullok yescrypt" \
        "session required pam_unix.so" > /etc/pam.d/other
    fi
    [ -f /etc/login.defs ] || touch /etc/login.defs
  '';
}
