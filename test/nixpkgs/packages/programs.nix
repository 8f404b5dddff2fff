{ lib, fromDebian }:
libraries:
let
  program =
    args:
    fromDebian (
      {
        libc = libraries.glibc;
        meta.mainProgram = args.mainProgram or args.pname;
      }
      // builtins.removeAttrs args [ "mainProgram" ]
    );
  shared = with libraries; [
    gccLib
    libgcc
    zlib
    bzip2Lib
    xzLib
    lz4Lib
    zstdLib
    opensslLib
    ncurses
    readline
    gmp
    attr
    acl
    libcap
    pcre2
    libselinux
    sqliteLib
  ];
in
with libraries;
rec {
  bash = program {
    pname = "bash";
    debs = [ "bash" ];
    programs = [ "bash" ];
    deps = [ ncurses ];
    postInstall = ''ln -s bash "$out/bin/sh"'';
    passthru.shellPath = "/bin/bash";
  };
  bashInteractive = bash;
  bashNonInteractive = bash;
  coreutils = program {
    pname = "coreutils";
    mainProgram = "coreutils";
    debs = [ "coreutils" ];
    deps = [
      acl
      attr
      gmp
      libselinux
      opensslLib
    ];
  };
  findutils = program {
    pname = "findutils";
    mainProgram = "find";
    debs = [ "findutils" ];
    deps = [ libselinux ];
  };
  diffutils = program {
    pname = "diffutils";
    mainProgram = "diff";
    debs = [ "diffutils" ];
  };
  gnugrep = program {
    pname = "gnugrep";
    mainProgram = "grep";
    debs = [ "grep" ];
    deps = [ pcre2 ];
  };
  gnused = program {
    pname = "gnused";
    mainProgram = "sed";
    debs = [ "sed" ];
    deps = [
      acl
      libselinux
    ];
  };
  gawk = program {
    pname = "gawk";
    debs = [ "gawk" ];
    programs = [ "gawk" ];
    deps = [
      readline
      gmp
    ];
    bundle = true;
    postInstall = ''ln -s gawk "$out/bin/awk"'';
  };
  gnutar = program {
    pname = "gnutar";
    mainProgram = "tar";
    debs = [ "tar" ];
    deps = [
      acl
      libselinux
    ];
  };
  gzip = program {
    pname = "gzip";
    debs = [ "gzip" ];
    deps = [ bash ];
  };
  bzip2 = program {
    pname = "bzip2";
    debs = [ "bzip2" ];
    deps = [ bzip2Lib ];
  };
  xz = program {
    pname = "xz";
    debs = [ "xz-utils" ];
    deps = [ xzLib ];
  };
  pigz = program {
    pname = "pigz";
    debs = [ "pigz" ];
    deps = [ zlib ];
  };
  zstd = program {
    pname = "zstd";
    debs = [ "zstd" ];
    programs = [
      "unzstd"
      "zstd"
      "zstdcat"
      "zstdmt"
    ];
    deps = [
      zlib
      xzLib
      lz4Lib
    ];
  };
  jq = program {
    pname = "jq";
    debs = [ "jq" ];
    libs = [ "libjq" ];
    deps = [ oniguruma ];
  };
  patchelf = program {
    pname = "patchelf";
    debs = [ "patchelf" ];
    deps = [
      gccLib
      libgcc
    ];
  };
  openssl = program {
    pname = "openssl";
    debs = [ "openssl" ];
    programs = [ "openssl" ];
    deps = [ opensslLib ];
  };
  curl = program {
    pname = "curl";
    debs = [ "curl" ];
    deps = shared;
    bundle = true;
  };
  sqlite = program {
    pname = "sqlite";
    mainProgram = "sqlite3";
    debs = [ "sqlite3" ];
    programs = [ "sqlite3" ];
    deps = shared;
  };
  util-linux = program {
    pname = "util-linux";
    debs = [
      "util-linux"
      "mount"
    ];
    programs = [
      "flock"
      "getopt"
      "mount"
      "setpriv"
      "setsid"
      "umount"
      "unshare"
    ];
    deps = shared;
    bundle = true;
  };
  getopt = program {
    pname = "getopt";
    debs = [ "util-linux" ];
    programs = [ "getopt" ];
  };
  shadow = program {
    pname = "shadow";
    mainProgram = "useradd";
    debs = [ "passwd" ];
    programs = [
      "groupadd"
      "groupdel"
      "groupmod"
      "useradd"
      "userdel"
      "usermod"
    ];
    deps = shared;
    bundle = true;
  };

  # Static: its only content is itself.
  busybox = fromDebian {
    pname = "busybox";
    debs = [ "busybox-static" ];
    postInstall = ''
      for applet in $(/bin/busybox --list); do
        [[ -e $out/bin/$applet ]] || ln -s busybox "$out/bin/$applet"
      done
    '';
    meta.mainProgram = "busybox";
  };
  pkgsStatic = { inherit busybox; };

  fakeroot = program {
    pname = "fakeroot";
    debs = [
      "fakeroot"
      "libfakeroot"
    ];
    programs = [
      "faked-sysv"
      "faked-tcp"
      "fakeroot-sysv"
      "fakeroot-tcp"
    ];
    deps = [
      bash
      libcap
    ];
    postInstall = ''
      sed -i \
        -e "s|^FAKEROOT_PREFIX=.*|FAKEROOT_PREFIX=$out|" \
        -e "s|^FAKEROOT_BINDIR=.*|FAKEROOT_BINDIR=$out/bin|" \
        -e "s|^PATHS=/.*|PATHS=$out/lib/libfakeroot|" \
        -e "s|\`getopt |\`${getopt}/bin/getopt |" \
        -e "s#| *sed #| ${gnused}/bin/sed #" \
        -e "s#| *cut #| ${coreutils}/bin/cut #" \
        -e "s|/bin/ls |${coreutils}/bin/ls |" \
        -e "s|sleep 0|${coreutils}/bin/sleep 0|" \
        -e "s|:-/bin/sh|:-${bash}/bin/sh|" \
        "$out"/bin/fakeroot-*
      ln -s fakeroot-sysv "$out/bin/fakeroot"
      ln -s faked-sysv "$out/bin/faked"
    '';
  };
  proot = program {
    pname = "proot";
    debs = [ "proot" ];
    deps = [ talloc ];
  };

  nix = program {
    pname = "nix";
    debs = [ "nix-bin" ];
    deps = shared;
    bundle = true;
  };

  skopeo = program {
    pname = "skopeo";
    debs = [ "skopeo" ];
    deps = shared;
    bundle = true;
  };
  hello = program {
    pname = "hello";
    debs = [ "hello" ];
  };
  # Whichever version 3 of Python Debian has, its library without what was compiled beforehand.
  python3 = program {
    pname = "python3";
    preInstall = ''
      version=$(basename "$(readlink -f /usr/bin/python3)")
      debs=$version-minimal programs=$version data=usr/lib/$version
    '';
    deps = shared;
    bundle = true;
    postInstall = ''
      chmod -R u+w "$out"
      rm -rf "$out"/lib/python3*/{test,idlelib,lib2to3,ensurepip,pydoc_data,__pycache__}
      find "$out/lib" -name __pycache__ -prune -exec rm -rf {} +
      # Debian's Python looks for its library by the name that it is called by, nixpkgs' knows where it is.
      {
        echo '#!${bash}/bin/bash'
        echo "PYTHONHOME=$out exec -a \"\$0\" $(echo "$out"/bin/python3.*) \"\$@\""
      } > "$out/bin/python3"
      chmod +x "$out/bin/python3"
    '';
  };
  rsync = program {
    pname = "rsync";
    debs = [ "rsync" ];
    programs = [ "rsync" ];
    deps = shared;
    bundle = true;
  };
  redis = program {
    pname = "redis";
    mainProgram = "redis-cli";
    debs = [
      "redis-server"
      "redis-tools"
    ];
    deps = shared;
    bundle = true;
  };
}
