# Images with layers of one's own, made of test/nixpkgs.
{
  system ? builtins.currentSystem,
  # Of an image to be pulled.
  registry ? "",
  manifest ? null,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  varveTools = import ../../../nix { inherit pkgs; };
  inherit (varveTools) buildLayer streamLayeredImage;

  greeter = pkgs.writeShellScriptBin "greet" ''
    echo "Hello from varve"
  '';
  entrypoint = {
    Entrypoint = [ "${greeter}/bin/greet" ];
  };

  root = pkgs.runCommand "root" { } ''
    mkdir -p $out/bin $out/tmp $out/etc
    cp ${pkgs.coreutils}/bin/cat $out/bin/cat
    ln -s ${greeter}/bin/greet $out/bin/greet
    echo one > $out/etc/one.txt
    echo two > $out/etc/two.txt
  '';
in
rec {
  inherit pkgs greeter root;

  bashLayer = buildLayer {
    name = "bash-layer";
    deps = [ pkgs.bash ];
  };
  nestedLayer = buildLayer {
    name = "greeter-layer";
    deps = [ greeter ];
    layers = [ bashLayer ];
  };
  # Each link has all before it: k of them must stay k.
  chain = builtins.foldl' (
    chain: index:
    chain
    ++ [
      (buildLayer {
        name = "link-${toString index}";
        deps = [ (pkgs.writeText "link-${toString index}" "link ${toString index}") ];
        describe = false;
        layers = chain;
      })
    ]
  ) [ ] (builtins.genList (index: index) 6);
  chained = streamLayeredImage {
    name = "chained";
    layers = chain;
    config = entrypoint;
  };

  layered = streamLayeredImage {
    name = "layered";
    layers = [ nestedLayer ];
    config = entrypoint;
    contents = [ pkgs.cacert ];
  };

  moved = streamLayeredImage {
    name = "moved";
    copyToRoot = [ root ];
    perms = [
      {
        path = root;
        regex = "tmp$";
        mode = "1777";
      }
      {
        path = root;
        regex = "one\\.txt$";
        uid = 1001;
        gid = 1001;
        mode = "0640";
      }
      {
        path = root;
        regex = "^/bin/cat$";
        capabilities = "cap_net_bind_service=ep";
      }
      {
        path = greeter;
        regex = "greet$";
        mode = "0511";
      }
    ];
    config = entrypoint;
  };

  frozen = buildLayer {
    name = "frozen";
    deps = [ greeter ];
    reproducible = false;
    maxLayers = 3;
  };
  withFrozen = streamLayeredImage {
    name = "with-frozen";
    layers = [ frozen ];
    config = entrypoint;
  };

  nixImage = streamLayeredImage {
    name = "nix-image";
    initializeNixDatabase = true;
    nixUid = 1000;
    nixGid = 1000;
    layers = [ bashLayer ];
    copyToRoot = [ root ];
    config.Env = [
      "PATH=${pkgs.nix}/bin:${pkgs.coreutils}/bin"
      "USER=nobody"
      "GREETER=${greeter}"
    ];
  };

  base = varveTools.buildLayeredImage {
    name = "base";
    tag = "1";
    contents = [ greeter ];
    config = {
      Cmd = [ "/bin/greet" ];
      WorkingDir = "/srv";
      Labels.from = "base";
    };
  };
  inheriting = streamLayeredImage {
    name = "inheriting";
    fromImage = base;
    inheritConfig = true;
    excludeBasePaths = true;
    contents = [
      greeter
      pkgs.cacert
    ];
    config.Labels.own = "yes";
    annotations."org.opencontainers.image.title" = "An image on a base";
  };
  onLayout = inheriting.override { fromImage = base.stream.ociLayout; };

  rootsOnTop = streamLayeredImage {
    name = "roots-on-top";
    contents = [ greeter ];
    config = entrypoint;
    layout = "roots-on-top";
  };

  described = streamLayeredImage {
    name = "described";
    contents = [ greeter ];
    config = entrypoint;
    describe = true;
    layers = [ bashLayer ];
  };

  annotated = streamLayeredImage {
    name = "annotated";
    contents = [ greeter ];
    annotations."org.opencontainers.image.title" = "A title";
  };
  index = varveTools.buildIndex {
    name = "index";
    images = [
      annotated
      (annotated.override { architecture = if pkgs.stdenv.hostPlatform.isx86_64 then "arm64" else "amd64"; })
    ];
    annotations."org.example.of" = "two";
  };
  # Nothing in it refers to the store: Nix 2.8 cannot fetch files that do.
  plain = streamLayeredImage {
    name = "plain";
    includeStorePaths = false;
    extraCommands = "echo plain > plain.txt";
  };
  pulled = varveTools.pullImageFromManifest {
    imageName = "team/base";
    imageTag = "1";
    registryUrl = registry;
    imageManifest = manifest;
  };
  pulledArm = varveTools.pullImageFromManifest {
    imageName = "team/several";
    imageTag = "1";
    registryUrl = registry;
    arch = "arm64";
  };

  facts = {
    paths = builtins.mapAttrs (_: path: builtins.unsafeDiscardStringContext "${path}") {
      inherit greeter root;
      inherit (pkgs) bash cacert coreutils;
    };
  };

  mistakes = {
    layers = streamLayeredImage {
      name = "wrong";
      layers = [ pkgs.bash ];
    };
    perms = streamLayeredImage {
      name = "wrong";
      copyToRoot = [ root ];
      perms = [ { path = root; mod = "0777"; } ];
    };
    pattern =
      (buildLayer {
        deps = [ greeter ];
        perms = [ { path = root; mode = "0777"; } ];
      });
    layout = streamLayeredImage {
      name = "wrong";
      layout = "upside-down";
    };
    nothing = buildLayer { };
  };
}
