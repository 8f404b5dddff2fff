lib:
let
  cpus = {
    x86_64 = {
      goArch = "amd64";
      nodeArch = "x64";
    };
    aarch64 = {
      goArch = "arm64";
      nodeArch = "arm64";
    };
  };
in
rec {
  # A platform from its name, as `stdenv.hostPlatform` has it.
  elaborate =
    system:
    let
      parts = lib.splitString "-" system;
      cpu = builtins.head parts;
      kernel = lib.last parts;
    in
    if builtins.length parts != 2 || !(cpus ? ${cpu}) || !builtins.elem kernel [ "linux" "darwin" ] then
      throw "test/nixpkgs has no packages for the system `${system}'; it knows ${builtins.concatStringsSep ", " lib.platforms.all}"
    else
      {
        inherit system;
        config = if kernel == "linux" then "${cpu}-unknown-linux-gnu" else "${cpu}-apple-darwin";
        parsed = {
          cpu.name = cpu;
          kernel.name = kernel;
        };
        isLinux = kernel == "linux";
        isDarwin = kernel == "darwin";
        isx86_64 = cpu == "x86_64";
        isAarch64 = cpu == "aarch64";
        isAarch = cpu == "aarch64";
        is64bit = true;
        is32bit = false;
        isUnix = true;
        isWindows = false;
        isMusl = false;
        isGnu = kernel == "linux";
        isStatic = false;
        go = {
          GOARCH = cpus.${cpu}.goArch;
          GOOS = kernel;
        };
        node = {
          arch = cpus.${cpu}.nodeArch;
          platform = kernel;
        };
        linuxArch = if cpu == "aarch64" then "arm64" else cpu;
        extensions.sharedLibrary = if kernel == "linux" then ".so" else ".dylib";
        canExecute = other: other.system == system;
        __toString = _: system;
      };

  equals = a: b: a.system == b.system;

  flakeExposed = lib.platforms.all;
}
