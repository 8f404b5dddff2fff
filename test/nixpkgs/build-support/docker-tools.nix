# The parts of dockerTools that are plain packages. varve's overlay adds the functions that make images.
{
  runCommand,
  runtimeShell,
  bash,
  coreutils,
  cacert,
  shadow,
  fakeNss,
}:
{
  inherit fakeNss;

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
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-bundle.crt
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
    ln -s ${cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/pki/tls/certs/ca-bundle.crt
  '';

  # A piece of bash for commands that add users: the files that useradd and groupadd want to find.
  shadowSetup = ''
    export PATH=${shadow}/bin:$PATH
    mkdir -p /etc/pam.d
    if [[ ! -f /etc/passwd ]]; then
      echo "root:x:0:0::/root:${runtimeShell}" > /etc/passwd
      echo "root:!x:::::::" > /etc/shadow
    fi
    if [[ ! -f /etc/group ]]; then
      echo "root:x:0:" > /etc/group
      echo "root:x::" > /etc/gshadow
    fi
    if [[ ! -f /etc/pam.d/other ]]; then
      printf '%s\n' \
        "account sufficient pam_unix.so" \
        "auth sufficient pam_rootok.so" \
        "password requisite pam_unix.so nullok yescrypt" \
        "session required pam_unix.so" > /etc/pam.d/other
    fi
    if [[ ! -f /etc/login.defs ]]; then touch /etc/login.defs; fi
  '';
}
