# Images that differ by a mark, so that all of what is particular to them has to be built.
{
  mark,
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  varveTools = import ../../../nix { inherit pkgs; };

  greeter = pkgs.writeShellScriptBin "greet" ''
    echo "Hello, ${mark}"
  '';
  root = pkgs.runCommand "root-${mark}" { } ''
    mkdir -p $out/bin $out/etc
    ln -s ${greeter}/bin/greet $out/bin/greet
    echo ${mark} > $out/etc/mark
  '';
  config.Cmd = [ "/bin/greet" ];

  # Where they lie is known when they have been built.
  contentAddressed =
    name: commands:
    pkgs.runCommand "${name}-${mark}" {
      __contentAddressed = true;
      outputHashMode = "recursive";
      outputHashAlgo = "sha256";
    } commands;
  first = contentAddressed "first" ''
    mkdir -p $out/bin
    ln -s ${pkgs.hello}/bin/hello $out/bin/greet
    echo $out > $out/self
  '';
  second = contentAddressed "second" ''
    mkdir -p $out/bin
    ln -s ${first}/bin/greet $out/bin/second
  '';
in
rec {
  stream = varveTools.streamLayeredImage {
    name = "streamed";
    tag = mark;
    contents = [ greeter ];
    extraCommands = "mkdir -m 1777 tmp";
    fakeRootCommands = "mkdir home; chown 1000:1000 home";
    enableFakechroot = true;
    includeNixDB = true;
    inherit config;
  };

  full = varveTools.streamLayeredImage {
    name = "full";
    tag = mark;
    layers = [ (varveTools.buildLayer { deps = [ pkgs.bash ]; metadata.comment = mark; }) ];
    copyToRoot = root;
    perms = [
      {
        path = root;
        regex = "/mark$";
        mode = "0600";
        uid = 1000;
        gid = 1000;
      }
    ];
    initializeNixDatabase = true;
    describe = true;
    inherit config;
  };

  base = varveTools.buildImage {
    name = "base";
    tag = mark;
    copyToRoot = [ pkgs.coreutils ];
    runAsRoot = "mkdir /srv; chown 1000:1000 /srv";
  };

  onBase = varveTools.buildLayeredImage {
    name = "on-base";
    tag = mark;
    fromImage = base;
    contents = [ greeter ];
    compressor = "zstd";
    inherit config;
  };

  shell = varveTools.streamNixShellImage {
    name = "shell";
    tag = mark;
    drv = pkgs.mkShell { inherit mark; };
  };

  index = varveTools.buildIndex {
    name = "index";
    tag = mark;
    images = [ full ];
  };

  exported = varveTools.exportImage { name = "exported-${mark}"; fromImage = base; diskSize = 100; };

  # Each kind of derivation that images are made by.
  all = [
    stream
    full
    full.push
    full.load
    full.copyTo
    onBase
    shell
    index
    exported
  ];

  addressed = varveTools.streamLayeredImage {
    name = "addressed";
    tag = mark;
    layers = [ (varveTools.buildLayer { deps = [ first ]; }) ];
    contents = [ second ];
    includeNixDB = true;
    describe = true;
    config.Cmd = [ "${first}/bin/greet" ];
  };
  addressedMoved = varveTools.buildLayeredImage {
    name = "addressed-moved";
    tag = mark;
    copyToRoot = second;
    initializeNixDatabase = true;
    perms = [
      {
        path = second;
        regex = "bin$";
        mode = "0700";
      }
    ];
    compressor = "none";
  };
  addressedSingle = varveTools.buildImage {
    name = "addressed-single";
    tag = mark;
    copyToRoot = [ second ];
    config.Cmd = [ "${first}/bin/greet" ];
  };
}
