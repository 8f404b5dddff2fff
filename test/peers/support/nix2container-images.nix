# The images of nix2container's own tests, by the same functions of varve, made of test/nixpkgs.
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  inherit (import ../../../nix { inherit pkgs; }) nix2container;
  inherit (nix2container) buildImage buildLayer;

  inherit (pkgs) bash coreutils hello;

  programs = pkgs.symlinkJoin {
    name = "programs";
    paths = [
      bash
      coreutils
    ];
  };
  conversation = pkgs.writeScript "conversation" ''
    ${hello}/bin/hello
    echo "Haaa aa... I'm dying!!!"
  '';
  files = pkgs.runCommand "files" { } ''
    mkdir $out
    echo one > $out/test1.txt
    echo two > $out/test2.txt
  '';
  base = buildImage {
    name = "base";
    copyToRoot = pkgs.writeTextDir "etc/alpine-release" "3.20.0\n";
  };
  nixRoot = pkgs.symlinkJoin {
    name = "nix-root";
    paths = [
      bash
      coreutils
      pkgs.nix
    ];
  };
  nixEnvironment = [
    "PATH=/bin"
    "USER=nobody"
    "NIX_CONFIG=experimental-features = nix-command"
  ];
in
rec {
  hello-image = buildImage {
    name = "hello";
    config.entrypoint = [
      "${bash}/bin/bash"
      conversation
    ];
    layers = [
      (buildLayer {
        deps = [
          bash
          hello
        ];
      })
    ];
  };
  basic = buildImage {
    name = "basic";
    config.entrypoint = [ "${hello}/bin/hello" ];
  };
  openbar =
    let
      tmp = pkgs.runCommand "tmp" { } "mkdir -p $out/tmp";
    in
    buildImage {
      name = "openbar";
      config.entrypoint = [
        "${coreutils}/bin/ls"
        "-l"
        "/"
      ];
      copyToRoot = tmp;
      perms = [
        {
          path = tmp;
          regex = ".*";
          mode = "0777";
        }
      ];
    };
  bash-image = buildImage {
    name = "bash";
    copyToRoot = [ programs ];
    config.Env = [ "PATH=/bin" ];
  };
  fromImage = buildImage {
    name = "from-image";
    fromImage = base.ociLayout;
    config.entrypoint = [
      "${coreutils}/bin/ls"
      "/etc/alpine-release"
    ];
  };
  layered = buildImage {
    name = "layered";
    config.entrypoint = [ "${hello}/bin/hello" ];
    maxLayers = 3;
  };
  nonReproducible = buildImage {
    name = "non-reproducible";
    config.entrypoint = [
      "${coreutils}/bin/cat"
      "/date.txt"
    ];
    layers = [
      (buildLayer {
        copyToRoot = [
          (pkgs.runCommand "date" { } ''
            mkdir $out
            echo "A non reproducible image built the $(date +%N)" > $out/date.txt
          '')
        ];
        reproducible = false;
      })
    ];
  };
  nested = buildImage {
    name = "nested";
    config.entrypoint = [ "${hello}/bin/hello" ];
    layers = [
      (buildLayer {
        deps = [ bash ];
        layers = [ (buildLayer { deps = [ pkgs.ncurses ]; }) ];
      })
    ];
  };
  ownership = buildImage {
    name = "ownership";
    copyToRoot = [ files ];
    config.entrypoint = [
      "${coreutils}/bin/ls"
      "-ln"
      "/"
    ];
    perms = [
      {
        path = files;
        regex = "test1.txt";
        uid = 1001;
        gid = 1001;
      }
    ];
  };
  # nonRegressionIssue45
  oneMode = ownership.override {
    name = "one-mode";
    perms = [
      {
        path = files;
        regex = "test1.txt";
        mode = "0755";
      }
    ];
  };
  nix = buildImage {
    name = "nix";
    initializeNixDatabase = true;
    copyToRoot = [ nixRoot ];
    config.Env = nixEnvironment;
  };
  nixNested = buildImage {
    name = "nix-nested";
    initializeNixDatabase = true;
    copyToRoot = [ nixRoot ];
    layers = [ (buildLayer { deps = [ hello ]; }) ];
    config.Env = nixEnvironment;
  };
  nixUser = buildImage {
    name = "nix-user";
    initializeNixDatabase = true;
    nixUid = 1000;
    nixGid = 1000;
    copyToRoot = [ nixRoot ];
    config.Env = nixEnvironment ++ [ "HOME=/tmp" ];
    config.User = "1000:1000";
  };
  copyToRoot = buildImage {
    name = "copy-to-root";
    copyToRoot = [
      hello
      bash
    ];
    config.Cmd = [ "/bin/hello" ];
  };
  created = basic.override {
    name = "created";
    created = "2024-05-13T09:31:10Z";
  };
  # Two layers are the same: one of them is left.
  duplicated = buildImage {
    name = "duplicated";
    config.entrypoint = [ "${hello}/bin/hello" ];
    layers = [
      (buildLayer { deps = [ bash ]; })
      (buildLayer { deps = [ bash ]; })
    ];
  };
  metadata = buildImage {
    name = "metadata";
    config.entrypoint = [ "${hello}/bin/hello" ];
    layers = [
      (buildLayer {
        deps = [ bash ];
        metadata = {
          created_by = "test created_by";
          author = "test author";
          comment = "test comment";
        };
      })
    ];
  };
  # One of two programs that are the same may do what only root may.
  capable =
    let
      chowns = pkgs.runCommand "chowns" { } ''
        mkdir -p $out/sbin
        cp ${coreutils}/bin/chown $out/sbin/able
        cp ${coreutils}/bin/chown $out/sbin/unable
      '';
    in
    buildImage {
      name = "capable";
      copyToRoot = [ programs ];
      layers = [
        (buildLayer {
          copyToRoot = [ chowns ];
          capabilities = [
            {
              path = chowns;
              regex = "/able$";
              caps = [ "CAP_CHOWN" ];
            }
          ];
        })
      ];
      config.Env = [ "PATH=/bin:/sbin" ];
      config.User = "1000:1000";
    };

  # What only a build knows: modes, and which paths share a layer.
  fromFiles =
    let
      layer = buildLayer {
        name = "from-files";
        deps = [
          bash
          hello
        ];
        copyToRoot = files;
        permsFile = pkgs.runCommand "perms.json" { } ''
          echo '[{ "path": "${files}", "regex": "test2", "mode": "0600", "uid": 7 }]' > $out
        '';
        layersFile = pkgs.runCommand "layers.json" { } ''
          echo '[["${pkgs.glibc}"], ["${hello}"]]' > $out
        '';
      };
    in
    buildImage {
      name = "from-files";
      layers = [ layer ];
      contents = [ (pkgs.writeTextDir "old-name" "") ];
      fromImageEnv = true;
    };

  facts = {
    hello = builtins.unsafeDiscardStringContext "${hello}";
    bash = builtins.unsafeDiscardStringContext "${bash}";
    glibc = builtins.unsafeDiscardStringContext "${pkgs.glibc}";
    references = map (image: image.imageRefUnsafe) [
      basic
      created
    ];
  };

  mistakes = {
    twice = buildImage {
      name = "wrong";
      copyToRoot = [ ];
      contents = [ ];
    };
    environment = buildImage {
      name = "wrong";
      fromImageEnv = false;
    };
    perms = buildLayer {
      deps = [ bash ];
      perms = [ { path = bash; } ];
      permsFile = "/nowhere";
    };
    stranger = buildLayer {
      deps = [ bash ];
      layersFile = pkgs.writeText "strange.json" ''[["${hello}"]]'';
    };
  };
  copies = basic.copyTo;
}
