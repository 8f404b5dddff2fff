# The C library and the libraries that several programs share. What only one program needs goes into that
# program's own package (`bundle`).
{ fromDebian }:
let
  library = args: fromDebian ({ libc = glibc; } // args);

  # Unchanged, so that it refers to nothing; whoever opens it has the C library open already.
  libgcc = fromDebian {
    pname = "libgcc";
    libs = [ "libgcc_s" ];
    patch = false;
  };
  glibc = fromDebian {
    pname = "glibc";
    debs = [ "libc6" ];
    deps = [ libgcc ];
    patch = false;
    # glibc opens libgcc_s by name when a thread is cancelled.
    postInstall = ''ln -s ${libgcc}/lib/libgcc_s.so.1 "$out/lib/"'';
    passthru = {
      bin = glibcBin;
      inherit libgcc;
      getent = glibcBin;
    };
  };
  glibcBin = library {
    pname = "glibc-bin";
    debs = [ "libc-bin" ];
    programs = [
      "getconf"
      "getent"
      "ldconfig"
      "locale"
    ];
  };
in
rec {
  inherit glibc libgcc;
  getent = glibcBin;
  gccLib = library {
    pname = "gcc-lib";
    libs = [
      "libstdc++"
      "libatomic"
    ];
    deps = [ libgcc ];
  };

  zlib = library {
    pname = "zlib";
    libs = [ "libz" ];
  };
  bzip2Lib = library {
    pname = "bzip2-lib";
    libs = [ "libbz2" ];
  };
  xzLib = library {
    pname = "xz-lib";
    libs = [ "liblzma" ];
  };
  lz4Lib = library {
    pname = "lz4-lib";
    libs = [ "liblz4" ];
  };
  zstdLib = library {
    pname = "zstd-lib";
    libs = [ "libzstd" ];
  };
  opensslLib = library {
    pname = "openssl-lib";
    libs = [
      "libssl"
      "libcrypto"
    ];
  };
  ncurses = library {
    pname = "ncurses";
    libs = [ "libtinfo" ];
  };
  readline = library {
    pname = "readline";
    libs = [
      "libreadline"
      "libhistory"
    ];
    deps = [ ncurses ];
  };
  gmp = library {
    pname = "gmp";
    libs = [ "libgmp" ];
  };
  attr = library {
    pname = "attr";
    libs = [ "libattr" ];
  };
  acl = library {
    pname = "acl";
    libs = [ "libacl" ];
    deps = [ attr ];
  };
  libcap = library {
    pname = "libcap";
    libs = [ "libcap" ];
  };
  pcre2 = library {
    pname = "pcre2";
    libs = [ "libpcre2-8" ];
  };
  libselinux = library {
    pname = "libselinux";
    libs = [ "libselinux" ];
    deps = [ pcre2 ];
  };
  oniguruma = library {
    pname = "oniguruma";
    libs = [ "libonig" ];
  };
  talloc = library {
    pname = "talloc";
    libs = [ "libtalloc" ];
  };
  sqliteLib = library {
    pname = "sqlite-lib";
    libs = [ "libsqlite3" ];
    deps = [ zlib ];
  };
}
