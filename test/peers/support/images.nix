# Images that exercise every argument of the Nix functions, made of test/nixpkgs.
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  varveTools = import ../../../nix { inherit pkgs; };
  inherit (varveTools) buildLayeredImage streamLayeredImage;

  greeter = pkgs.writeShellScriptBin "greet" ''
    echo "Hello from varve"
  '';

  bash = "${pkgs.bash}/bin/bash";
  sh = script: [
    bash
    "-c"
    "export PATH=${pkgs.coreutils}/bin; ${script}"
  ];

  greeting = {
    name = "greeting";
    contents = [ greeter ];
    config.Cmd = [ "/bin/greet" ];
  };

  failing = ''
    echo reached the "first"
    false
    echo reached the "last"
  '';

  env = values: { Env = values; };

  accounts = pkgs.runCommand "accounts" { } ''
    mkdir -p $out/etc
    echo "root:x:0:0:root:/root:/bin/sh" > $out/etc/passwd
    echo "root:x:0:" > $out/etc/group
    echo "hosts: files dns" > $out/etc/nsswitch.conf
    echo "root:!x:::::::" > $out/etc/shadow
    echo "root:x::" > $out/etc/gshadow
    echo "kept as a link" > $out/etc/motd
  '';
in
rec {
  inherit pkgs greeter accounts;

  streamed = streamLayeredImage greeting;
  built = buildLayeredImage greeting;
  uncompressed = buildLayeredImage (greeting // { compressor = "none"; });
  zstd = buildLayeredImage (greeting // { compressor = "zstd"; });
  tagged = streamLayeredImage (greeting // { tag = "v1.2"; });
  overridden = streamed.override { tag = "v2"; };
  prefixed = streamLayeredImage (
    greeting
    // {
      name = "registry.example.org:5000/team/Greeting";
      tag = "Latest";
    }
  );

  described = buildLayeredImage (
    greeting
    // {
      meta.description = "greets";
      passthru.mark = "mine";
    }
  );

  dated = streamLayeredImage (
    greeting
    // {
      created = "2023-01-02T03:04:05+02:00";
      mtime = "2024-02-03T04:05:06Z";
    }
  );
  now = streamLayeredImage (greeting // { created = "now"; });
  owned = streamLayeredImage (
    greeting
    // {
      uid = 1000;
      gid = 1001;
      uname = "user";
      gname = "group";
      config = greeting.config // {
        User = "1000:1001";
      };
    }
  );
  foreign = streamLayeredImage (greeting // { architecture = "arm64"; });

  twoLayers = streamLayeredImage (greeting // { maxLayers = 2; });
  threeLayers = streamLayeredImage (greeting // { maxLayers = 3; });
  popular = streamLayeredImage (
    greeting
    // {
      maxLayers = 3;
      strategy = "popularity-contest";
    }
  );

  pipelineSteps = [
    [
      "subcomponent_out"
      [ pkgs.bash ]
    ]
    [
      "over"
      "rest"
      [
        "pipe"
        [
          [ "popularity_contest" ]
          [
            "limit_layers"
            2
          ]
        ]
      ]
    ]
  ];
  pipeline = streamLayeredImage (
    greeting
    // {
      contents = [
        greeter
        pkgs.coreutils
        pkgs.cacert
      ];
      layeringPipeline = pipelineSteps;
    }
  );
  pipelineFile = pipeline.override {
    layeringPipeline = pkgs.writeText "steps.json" (builtins.toJSON pipelineSteps);
  };

  linksOnly = streamLayeredImage (greeting // { includeStorePaths = false; });
  linksOnlyChroot = linksOnly.override {
    enableFakechroot = true;
    fakeRootCommands = "mkdir -p /data";
  };

  noContents = streamLayeredImage {
    name = "no-contents";
    extraCommands = "echo ${pkgs.cacert} > reference";
    config.Cmd = [ "/nothing" ];
  };

  commands = streamLayeredImage (
    greeting
    // {
      extraCommands = ''
        echo "from extraCommands, as $(id -u)" > extra
        mkdir -p home/alice
        cd home
      '';
      fakeRootCommands = ''
        echo "from fakeRootCommands, as $(id -u)" > fake
        cat extra > copied
        chown 1000:1000 home/alice
        chmod 0700 home/alice
        mknod null c 1 3
        cd home
      '';
      config.Cmd = sh "cat /extra /fake; stat -c '%u:%g %a' /home/alice";
    }
  );
  failingExtraCommands = streamLayeredImage (greeting // { extraCommands = failing; });
  failingFakeRootCommands = streamLayeredImage (greeting // { fakeRootCommands = failing; });

  chroot = streamLayeredImage (
    greeting
    // {
      enableFakechroot = true;
      fakeRootCommands = ''
        mkdir -p /data
        echo "absolute" > /data/file
        chown 12345:12345 /data/file
        [ -e /bin/greet ]
        [ -e ${greeter}/bin/greet ]
        [ ! -e /home ]
        echo scratch > "$(mktemp)"
      '';
      config.Cmd = sh "cat /data/file; stat -c '%u:%g' /data/file";
    }
  );

  # A path that nothing but the result of fakeRootCommands refers to.
  referred = streamLayeredImage {
    name = "referred";
    fakeRootCommands = "ln -s ${greeter}/bin/greet greet";
    config.Cmd = [ "/greet" ];
  };

  base = buildLayeredImage {
    name = "base";
    tag = "latest";
    maxLayers = 2;
    contents = [ accounts ];
    extraCommands = "echo base > from-base";
    config = env [
      "FROM_PARENT=true"
      "LAST_LAYER=parent"
    ];
  };
  stacked = streamLayeredImage (
    greeting
    // {
      name = "stacked";
      fromImage = base;
      maxLayers = 4;
      config = greeting.config // env [
        "FROM_CHILD=true"
        "LAST_LAYER=child"
      ];
    }
  );
  stackedOnZstd = stacked.override { fromImage = base.override { compressor = "zstd"; }; };
  stackedTooHigh = stacked.override { maxLayers = 3; };
  stackedOnProgram = stacked.override { fromImage = streamed; };

  linkPath =
    let
      link = pkgs.runCommand "link" { } "ln -s greet-target $out";
    in
    streamLayeredImage (
      greeting
      // {
        config = env [ "LINK=${link}" ];
      }
    );
  inherit (linkPath) imageTag;

  barePath = streamLayeredImage {
    name = "bare-path";
    contents = ./bare-path;
    config.Cmd = sh "cat /srv/hello.txt";
  };

  certificates = streamLayeredImage {
    name = "certificates";
    contents = [ pkgs.dockerTools.caCertificates ];
    config.Cmd = sh ''
      for file in /etc/ssl/certs/ca-bundle.crt /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
        head -c 20 $file > /dev/null && echo readable
      done
    '';
  };

  withAccounts = streamLayeredImage {
    name = "with-accounts";
    contents = [ accounts ];
    config.Cmd = sh "cat /etc/passwd";
  };
  # /etc itself is a link, and one of the files a link to a link.
  withLinkedEtc =
    let
      linked = pkgs.runCommand "linked-etc" { } ''
        mkdir $out
        ln -s ${accounts}/etc $out/etc
      '';
    in
    streamLayeredImage {
      name = "with-linked-etc";
      contents = [ linked ];
    };
  withAwkwardAccounts = streamLayeredImage {
    name = "with-awkward-accounts";
    extraCommands = ''
      mkdir -p etc/static real
      echo "inside" > real/passwd
      ln -s /real/passwd etc/static/passwd
      ln -s /etc/static/passwd etc/passwd
      ln -s ../real/passwd etc/group
      ln -s /nowhere etc/nsswitch.conf
      ln -s ${accounts}/etc/gshadow etc/gshadow
    '';
  };

  nixDatabase = streamLayeredImage {
    name = "nix-database";
    contents = [
      greeter
      pkgs.nix
      pkgs.coreutils
    ];
    includeNixDB = true;
    config = env [
      "PATH=/bin"
      "USER=nobody"
      "GREETER=${greeter}"
    ];
  };
  withNixDb = varveTools.buildLayeredImageWithNixDb (greeting // { name = "with-nix-db"; });

  # Values for the tests.
  facts = {
    tags = {
      streamed = streamed.imageTag;
      streamedConf = builtins.unsafeDiscardStringContext streamed.conf.outPath;
      built = built.imageTag;
      tagged = tagged.imageTag;
      overridden = overridden.imageTag;
    };
    names = {
      prefixed = prefixed.imageName;
      built = built.imageName;
    };
    exe = {
      streamed = streamed.isExe;
      builtStream = built.stream.isExe;
    };
    described = {
      inherit (described.meta) description;
      inherit (described) mark;
      streamMark = described.stream.mark;
    };
    arguments = {
      stream = builtins.attrNames (pkgs.lib.functionArgs streamLayeredImage);
      build = builtins.attrNames (pkgs.lib.functionArgs buildLayeredImage);
    };
    paths = builtins.mapAttrs (_: builtins.unsafeDiscardStringContext) {
      greeter = "${greeter}";
      bash = "${pkgs.bash}";
      coreutils = "${pkgs.coreutils}";
      accounts = "${accounts}";
    };
    program = {
      string = builtins.unsafeDiscardStringContext "${streamed}";
      executable = builtins.unsafeDiscardStringContext (pkgs.lib.getExe streamed);
      load = builtins.unsafeDiscardStringContext (pkgs.lib.getExe streamed.load);
    };
  };

  mistakes = {
    layers = streamLayeredImage (greeting // { maxLayers = 1; });
    argument = streamLayeredImage (greeting // { maxLayer = 3; });
    buildArgument = buildLayeredImage (greeting // { compresor = "gz"; });
    strange = buildLayeredImage (greeting // { frobnicate = true; });
    compressor = buildLayeredImage (greeting // { compressor = "xz"; });
    tag = streamLayeredImage (greeting // { tag = "a b"; });
    strategy = streamLayeredImage (greeting // { strategy = "auto"; });
    missing = buildLayeredImage { contents = [ pkgs.hello ]; };
    notASet = streamLayeredImage pkgs.hello;
    number = streamLayeredImage (greeting // { maxLayers = "3"; });
    truth = streamLayeredImage (greeting // { includeNixDB = "no"; });
    member = streamLayeredImage (greeting // { contents = [ pkgs.writeText "a" ]; });
    base = streamLayeredImage (greeting // { fromImage = "debian:12"; });
    date = (streamLayeredImage (greeting // { created = "yesterday-ish"; })).conf;
  };
}
