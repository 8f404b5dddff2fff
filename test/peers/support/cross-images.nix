# Images of aarch64, made of test/nixpkgs on another machine.
let
  native = import ../../nixpkgs { overlays = [ (import ../../../nix/overlay.nix) ]; };
  pkgs = native.pkgsCross.aarch64-multiplatform;
  inherit (pkgs) dockerTools varveTools;

  # As far as anybody looks who does not run it: the head of an ELF file, in which 0xB7 says aarch64.
  foreign = pkgs.runCommand "foreign" { } ''
    mkdir -p $out/bin
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\267\0\1\0\0\0' > $out/bin/foreign
    chmod +x $out/bin/foreign
  '';
  image = {
    name = "foreign";
    tag = "1";
    config.Cmd = [ "${foreign}/bin/foreign" ];
  };

  # Derivations that a package's commands and environment name.
  inputsOf = package: builtins.attrNames (builtins.getContext package.buildCommand);
in
rec {
  stream = dockerTools.streamLayeredImage (image // { contents = [ foreign ]; });
  built = dockerTools.buildLayeredImage (image // { contents = [ foreign ]; });
  single = dockerTools.buildImage (image // { copyToRoot = [ foreign ]; });
  moved = varveTools.buildLayeredImage (
    image
    // {
      layers = [ (varveTools.buildLayer { deps = [ foreign ]; }) ];
      copyToRoot = foreign;
      initializeNixDatabase = true;
      compressor = "none";
    }
  );
  layout = stream.ociLayout;
  inherit (stream) load push streamScript;

  facts = {
    # What runs here while images are made.
    sameVarve = varveTools.varve.drvPath == native.varve.drvPath;
    systems = map (package: package.system) [
      stream
      stream.conf
      built
      single
    ];
    # What goes into images.
    shellOfImages = builtins.elem pkgs.bash.drvPath (inputsOf dockerTools.binSh);
    shellIsForeign = pkgs.bash.drvPath != native.bash.drvPath;
  };
}
