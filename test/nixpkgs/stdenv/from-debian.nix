# A package made at build time from files of the Debian packages installed on the machine.
# The files are copied; ELF interpreter, RPATH and script interpreters are changed to store paths,
# so that the references are real and the programs run where nothing but their closure is.
{
  lib,
  buildPlatform,
  hostPlatform,
  makeDerivation,
}:
let
  triplet = "${hostPlatform.parsed.cpu.name}-linux-gnu";
  loaders = {
    x86_64 = "ld-linux-x86-64.so.2";
    aarch64 = "ld-linux-aarch64.so.1";
  };
in
{
  pname,
  # Part of the name if it is known when evaluating; otherwise what Debian has installed decides.
  version ? null,
  # Names of Debian packages whose programs and libraries are taken.
  debs ? [ ],
  # Libraries taken by name, whichever Debian package they are in: "libz" takes libz.so.*.
  libs ? [ ],
  # Files or folders outside of bin and lib that are taken too, relative to /.
  data ? [ ],
  # Only these programs of `debs`, or all of them.
  programs ? null,
  # Packages of this set in which needed libraries and script interpreters are looked for.
  deps ? [ ],
  # The C library; null for the C library itself.
  libc ? null,
  # Whether needed libraries that no dependency has are copied into this package. Without it they are an error.
  bundle ? false,
  # Whether ELF files are changed.
  patch ? true,
  # Bash, run before anything is taken, and at the end.
  preInstall ? "",
  postInstall ? "",
  meta ? { },
  passthru ? { },
  env ? { },
}:
makeDerivation (
  {
    name = pname + lib.optionalString (version != null) "-${version}";
    inherit pname;
    inherit (buildPlatform) system;

    # The machine's own shell and tools: nothing of this set exists before these builds.
    builder = "/bin/bash";
    args = [
      "-euo"
      "pipefail"
      ./from-debian.sh
    ];
    PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
    LC_ALL = "C";
    __noChroot = true;
    preferLocalBuild = true;
    allowSubstitutes = false;

    inherit
      debs
      libs
      data
      bundle
      patch
      preInstall
      postInstall
      triplet
      ;
    deps = deps ++ lib.optional (libc != null) libc;
    programs = if programs == null then "*" else toString programs;
    loader = lib.optionalString (libc != null) "${libc}/lib/${loaders.${hostPlatform.parsed.cpu.name}}";
    libcLib = lib.optionalString (libc != null) "${libc}/lib";

    meta = {
      platforms = lib.platforms.linux;
    }
    // meta;
    passthru = {
      version = if version == null then "debian" else version;
    }
    // passthru;
  }
  // env
)
