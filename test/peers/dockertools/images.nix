# Images as nixpkgs' own test of dockerTools makes them (reference: peer-tests, sections 1 and 2; numbers as there),
# written for dockerTools and made by varve's overlay. Debian's files stand for nixpkgs'.
{
  system ? builtins.currentSystem,
  # Of the image in the test's own registry.
  pulledName ? "127.0.0.1:1/base",
  pulledDigest ? "sha256:0000000000000000000000000000000000000000000000000000000000000000",
  pulledHash ? "",
}:

let
  pkgs = import ../../nixpkgs {
    inherit system;
    overlays = [ (import ../../../nix/overlay.nix) ];
  };
  inherit (pkgs)
    bash
    bashInteractive
    busybox
    coreutils
    dockerTools
    hello
    lib
    nix
    runCommand
    writeScriptBin
    writeTextDir
    ;
  inherit (dockerTools)
    exportImage
    mergeImages
    pullImage
    streamLayeredImage
    ;

  # Whoever asks nothing of compression need not wait for it.
  plainly = function: arguments: function ({ compressor = "none"; } // arguments);
  buildImage = plainly dockerTools.buildImage;
  buildLayeredImage = plainly dockerTools.buildLayeredImage;
  buildImageWithNixDb = plainly dockerTools.buildImageWithNixDb;
  buildLayeredImageWithNixDb = plainly dockerTools.buildLayeredImageWithNixDb;

  binPath = [
    bash
    coreutils
  ];

in
rec {
  # 1
  helloOnRoot = streamLayeredImage {
    name = "hello";
    tag = "latest";
    contents = [ hello ];
    config.Cmd = [ "hello" ];
    config.Env = [ "PATH=/bin" ];
  };

  # 2 to 7
  helloOnRootNoStore = streamLayeredImage {
    name = "hello-no-store";
    tag = "latest";
    contents = [ hello ];
    config.Cmd = [ "hello" ];
    config.Env = [ "PATH=/bin" ];
    includeStorePaths = false;
  };
  helloOnRootNoStoreFakechroot = helloOnRootNoStore.override {
    name = "hello-no-store-chroot";
    fakeRootCommands = "mkdir -p /made";
    enableFakechroot = true;
  };

  # 8, 9
  bashImage = dockerTools.buildImage {
    name = "bash";
    tag = "latest";
    copyToRoot = bashInteractive;
    config.Cmd = [
      "/bin/bash"
      "--version"
    ];
  };

  # 10 to 18
  bashNoTag = dockerTools.buildImage {
    name = "bash-no-tag";
    copyToRoot = bashInteractive;
  };
  bashZstd = bashNoTag.override { compressor = "zstd"; };
  bashUncompressed = bashNoTag.override { compressor = "none"; };
  bashLayered = dockerTools.buildLayeredImage {
    name = "bash-layered";
    contents = [ bashInteractive ];
    config.Cmd = [
      "/bin/bash"
      "--version"
    ];
  };
  bashLayeredStream = streamLayeredImage {
    name = "bash-layered-stream";
    contents = [ bashInteractive ];
  };
  nixLayered = buildLayeredImage {
    name = "nix-layered";
    contents = [
      nix
      bash
      coreutils
    ];
    config.Env = [ "PATH=/bin" ];
  };

  # 19, 21
  nixImage = buildImageWithNixDb {
    name = "nix";
    tag = "latest";
    copyToRoot = [
      nix
      coreutils
      bash
    ];
    config.Env = [
      "PATH=/bin"
      "USER=nobody"
    ];
  };

  # 20
  nonRoot = streamLayeredImage {
    name = "non-root";
    tag = "latest";
    contents = [
      hello
      coreutils
    ];
    config = {
      User = "1000:1000";
      Env = [ "PATH=/bin" ];
      Cmd = [ "hello" ];
    };
  };

  # 24, with busybox for nginx
  web = buildLayeredImage {
    name = "web-container";
    tag = "latest";
    contents = [
      dockerTools.fakeNss
      busybox
      (writeTextDir "www/index.html" "<p>served</p>\n")
    ];
    extraCommands = "mkdir -p tmp/web_client_body var/log/web";
    config = {
      Entrypoint = [ "${busybox}/bin/busybox" ];
      Cmd = [
        "httpd"
        "-f"
        "-p"
        "8080"
        "-h"
        "/www"
      ];
      ExposedPorts."8080/tcp" = { };
    };
  };

  # 23, 25
  pulledBase = buildImage {
    name = "pulled-base";
    tag = "latest";
    # Without store paths: what has a fixed hash must not refer to any that the build uses.
    copyToRoot = runCommand "foreign-root" { } ''
      mkdir -p $out/bin $out/etc
      cp ${busybox}/bin/busybox $out/bin/sh
      echo base > $out/etc/from-base
    '';
    config.Env = [ "BASE=yes" ];
  };
  pulled = pullImage {
    imageName = pulledName;
    imageDigest = pulledDigest;
    hash = pulledHash;
    finalImageName = "pulled";
    finalImageTag = "1.0";
  };
  pulledAs =
    {
      imageName,
      imageDigest,
      hash,
      finalImageName,
      finalImageTag,
    }:
    pullImage {
      inherit
        imageName
        imageDigest
        hash
        finalImageName
        finalImageTag
        ;
    };
  onTopOfPulled = buildImage {
    name = "on-top-of-pulled";
    tag = "latest";
    fromImage = pulled;
    copyToRoot = [ hello ];
    config.Cmd = [ "hello" ];
    config.Env = [ "PATH=/bin" ];
  };

  # 26
  runAsRootExtraCommands = buildImage {
    name = "run-as-root-extra-commands";
    tag = "latest";
    copyToRoot = [ coreutils ];
    # Text with what shells take apart must come out as it is.
    runAsRoot = ''
      echo "(runAsRoot)" > runAsRoot
      chown 1234:4321 runAsRoot
      ${dockerTools.shadowSetup}
      groupadd --gid 4711 app
      useradd --uid 4711 --gid app --home-dir /srv/app app
      mkdir -p /srv/app
      chown app:app /srv/app
    '';
    extraCommands = ''echo "(extraCommand)" > extraCommands'';
    config.Env = [ "PATH=/bin" ];
  };

  # 27
  unstableDate = buildImage {
    name = "unstable-date";
    tag = "latest";
    copyToRoot = [ coreutils ];
    created = "now";
  };

  # 30
  layeredBase = buildLayeredImage {
    name = "layered-base";
    tag = "latest";
    contents = [ bash ];
    config.Env = [ "PATH=/bin" ];
  };
  onTopOfLayered = buildImage {
    name = "build-on-layered";
    tag = "latest";
    fromImage = layeredBase;
    copyToRoot = [ hello ];
    config.Cmd = [ "${hello}/bin/hello" ];
  };

  # 33
  layersOrder1 = buildImage {
    name = "l1";
    tag = "latest";
    extraCommands = ''
      mkdir -p tmp
      echo layer1 > tmp/layer1
      echo layer1 > tmp/layer2
      echo layer1 > tmp/layer3
    '';
  };
  layersOrder2 = buildImage {
    name = "l2";
    fromImage = layersOrder1;
    tag = "latest";
    extraCommands = ''
      mkdir -p tmp
      echo layer2 > tmp/layer2
      echo layer2 > tmp/layer3
    '';
  };
  layersOrder = buildImage {
    name = "l3";
    fromImage = layersOrder2;
    tag = "latest";
    copyToRoot = [ coreutils ];
    extraCommands = ''
      mkdir -p tmp
      echo layer3 > tmp/layer3
    '';
    config.Env = [ "PATH=/bin" ];
  };

  # 34: the last character says which layer came last.
  unpackOrder1 = buildImage {
    name = "unpack1";
    tag = "latest";
    extraCommands = "printf a > letters; printf gone > gone; mkdir -p folder/below; touch folder/below/file";
  };
  unpackOrder2 = buildImage {
    name = "unpack2";
    tag = "latest";
    fromImage = unpackOrder1;
    runAsRoot = "printf b >> letters";
  };
  unpackOrder = buildImage {
    name = "unpack3";
    tag = "latest";
    fromImage = unpackOrder2;
    copyToRoot = [ coreutils ];
    runAsRoot = ''
      printf c >> letters
      rm gone
      rm -r folder
      chmod 0711 /bin
    '';
    config.Env = [ "PATH=/bin" ];
    config.Cmd = [
      "cat"
      "/letters"
    ];
  };

  # 35
  repeatedLayer = runCommand "repeated-layer.tar" { } ''
    mkdir image && cd image
    tar -xf ${layersOrder1}
    ${pkgs.jq}/bin/jq '.[0].Layers += .[0].Layers' manifest.json > listed
    config=$(${pkgs.jq}/bin/jq -r '.[0].Config' manifest.json)
    ${pkgs.jq}/bin/jq '.rootfs.diff_ids += .rootfs.diff_ids | .history += .history' "$config" > twice.json
    ${pkgs.jq}/bin/jq '.[0].Config = "twice.json"' listed > manifest.json
    rm -r listed blobs index.json oci-layout
    tar -cf $out *
  '';
  onRepeatedLayer = buildImage {
    name = "on-repeated-layer";
    tag = "latest";
    fromImage = repeatedLayer;
    copyToRoot = [ coreutils ];
    config.Env = [ "PATH=/bin" ];
    config.Cmd = [
      "cat"
      "/tmp/layer1"
    ];
  };

  # 36 to 38
  environmentParent = buildImage {
    name = "environment-parent";
    tag = "latest";
    config.Env = [
      "FROM_PARENT=true"
      "LAST_LAYER=parent"
    ];
  };
  environment = buildImage {
    name = "environment";
    tag = "latest";
    fromImage = environmentParent;
    copyToRoot = [ coreutils ];
    config.Env = [
      "FROM_CHILD=true"
      "LAST_LAYER=child"
      "PATH=/bin"
    ];
  };
  environmentLayered = buildLayeredImage {
    name = "environment-layered";
    tag = "latest";
    fromImage = environmentParent;
    contents = [ coreutils ];
    config.Env = [
      "FROM_CHILD=true"
      "LAST_LAYER=child"
      "PATH=/bin"
    ];
  };

  # 42
  withoutContents = streamLayeredImage {
    name = "without-contents";
    tag = "latest";
    extraCommands = ''
      mkdir -p bin
      ln -s ${busybox}/bin/busybox bin/ls
    '';
    config.Env = [ "PATH=/bin" ];
  };

  # 43, 44
  layeredNixDb = buildLayeredImageWithNixDb {
    name = "layered-nix-db";
    tag = "latest";
    contents = [
      nix
      coreutils
      bash
      storeFileReader
    ];
    config.Env = [
      "PATH=/bin"
      "USER=nobody"
    ];
  };
  storeFileReader = writeScriptBin "read-store-file" ''
    #!${bash}/bin/bash
    ${coreutils}/bin/cat ${pkgs.writeText "store-file" "text of a store file\n"}
  '';

  # 46
  linkToLink = streamLayeredImage {
    name = "link-to-link";
    tag = "latest";
    contents = [
      bash
      hello
      coreutils
    ];
    config.Env = [
      "PATH=/bin"
      "LINK=${runCommand "store-link" { } "ln -s ${hello}/bin/hello $out"}"
    ];
    config.Cmd = [
      "${bash}/bin/bash"
      "-c"
      "readlink $LINK && $LINK"
    ];
  };

  # 47
  prefixed = buildImage {
    name = "registry-1.docker.io/image";
    tag = "latest";
    config.Cmd = [ "${hello}/bin/hello" ];
  };

  # 61: what NixOS' activation of /etc makes: links to links in /etc/static, which is one into the store, and copies of
  # files that have a mode. NixOS itself needs nixpkgs.
  etcActivation =
    let
      etc = runCommand "etc" { } ''
        mkdir -p $out/etc/some.d
        for file in some-config-file of-a-mode passwd; do
          ln -s ${runCommand "etc-files" { } ''
            mkdir $out
            echo "127.0.0.1 localhost" > $out/some-config-file
            echo secret > $out/of-a-mode
            echo "app:x:4711:4711::/srv:/bin/sh" > $out/passwd
          ''}/$file $out/etc/$file
        done
        ln -s ../some-config-file $out/etc/some.d/below
      '';
    in
    streamLayeredImage {
      name = "etc";
      tag = "latest";
      enableFakechroot = true;
      fakeRootCommands = ''
        mkdir -p /etc/some.d
        ln -sfn ${etc}/etc /etc/static
        for file in some-config-file passwd some.d/below; do
          ln -s /etc/static/$file /etc/$file.tmp
          mv -T /etc/$file.tmp /etc/$file
        done
        cp /etc/static/of-a-mode /etc/of-a-mode.tmp
        chown 4711:0 /etc/of-a-mode.tmp
        chmod 0440 /etc/of-a-mode.tmp
        mv /etc/of-a-mode.tmp /etc/of-a-mode
      '';
      config.Cmd = [
        "${busybox}/bin/busybox"
        "sh"
        "-c"
        "cd /etc; cat some-config-file some.d/below of-a-mode; stat -c '%u %a %F' of-a-mode passwd some-config-file"
      ];
      config.Env = [ "PATH=${busybox}/bin" ];
    };

  # 64
  storeOwner = streamLayeredImage {
    name = "store-owner";
    tag = "latest";
    contents = binPath;
    uid = 1000;
    gid = 1000;
    uname = "user";
    gname = "user";
    config.Env = [ "PATH=/bin" ];
    config.User = "1000:1000";
  };

  # 50 to 54
  merged = mergeImages [
    bashImage
    bashNoTag
    layersOrder
  ];
  owned = buildImage {
    name = "owned";
    tag = "latest";
    copyToRoot = [ coreutils ];
    uid = 1000;
    gid = 1001;
    extraCommands = "echo mine > mine";
    config.Env = [ "PATH=/bin" ];
    compressor = "none";
  };
  mergedVaried = mergeImages [
    owned
    bashZstd
    bashLayered
  ];
  fromMerged = buildImage {
    name = "from-merged";
    tag = "latest";
    fromImage = merged;
    fromImageName = "l3";
    fromImageTag = "latest";
    config.Cmd = [
      "cat"
      "/tmp/layer2"
    ];
  };

  # 55
  exported = exportImage { fromImage = bashLayered; };
  exportedOrder = exportImage {
    name = "exported-order.tar";
    fromImage = merged;
    fromImageName = "l3";
  };
  exportedRemoved = exportImage { fromImage = unpackOrder; };

  # 57
  barePath = buildImage {
    name = "bare-path";
    tag = "latest";
    copyToRoot = [
      coreutils
      ../support/bare-path
    ];
    config.Env = [ "PATH=/bin" ];
    config.Cmd = [
      "cat"
      "/srv/hello.txt"
    ];
  };

  # 45, 59
  arm = buildImage {
    name = "arm";
    tag = "latest";
    copyToRoot = [ hello ];
    architecture = "arm64";
  };

  # Further of buildImage.
  rootFiles = buildImage {
    name = "root-files";
    tag = "latest";
    copyToRoot = [
      dockerTools.usrBinEnv
      dockerTools.binSh
      (dockerTools.fakeNss.override { extraPasswdLines = [ "app:x:4711:4711::/srv:/bin/sh" ]; })
      dockerTools.caCertificates
      coreutils
    ];
    config.Env = [ "PATH=/bin:/usr/bin" ];
    config.User = "app";
    config.Cmd = [
      "/usr/bin/env"
      "sh"
      "-c"
      "id -u; readlink -f /etc/passwd"
    ];
  };
  linkedFolders = {
    "real" = runCommand "real-folder" { } "mkdir -p $out/usr/lib; echo one > $out/usr/lib/one; ln -s usr/lib $out/lib";
    "other" = runCommand "other-folder" { } "mkdir -p $out/lib; echo two > $out/lib/two";
  };
  dirlinksKept = buildImage {
    name = "dirlinks-kept";
    tag = "latest";
    copyToRoot = [
      linkedFolders.real
      linkedFolders.other
    ];
    keepContentsDirlinks = true;
  };
  dirlinksReplaced = dirlinksKept.override { keepContentsDirlinks = false; };
  sharedWithBase = buildImage {
    name = "shared-with-base";
    tag = "latest";
    fromImage = bashImage;
    config.Cmd = [ "${hello}/bin/hello" ];
  };

  # A base in each of its forms: archives of any compression, OCI's layout and archive.
  formBase = dockerTools.buildImage {
    name = "form-base";
    tag = "latest";
    extraCommands = "mkdir -p etc; echo base > etc/from-base";
    config.Env = [ "BASE=yes" ];
    config.WorkingDir = "/etc";
  };
  baseForms = {
    gz = formBase;
    zstd = formBase.override { compressor = "zstd"; };
    none = formBase.override { compressor = "none"; };
    inherit (formBase) ociLayout ociArchive;
  };
  # A text for each function and form: what it has of the base.
  onForms =
    let
      arguments = form: {
        name = "on-${form}";
        tag = "latest";
        fromImage = baseForms.${form};
        compressor = "none";
        extraCommands = "echo own > own";
      };
      images =
        lib.concatMap (form: [
          {
            name = "${form}-single";
            image = buildImage (arguments form);
          }
          {
            name = "${form}-layered";
            image = buildLayeredImage (arguments form);
          }
        ]) (builtins.attrNames baseForms)
        ++ [
          {
            name = "ociLayout-asRoot";
            image = buildImage (arguments "ociLayout" // { runAsRoot = "cp /etc/from-base /made"; });
          }
          {
            name = "ociLayout-inheriting";
            image = buildImage (arguments "ociLayout" // { inheritConfig = true; });
          }
        ];
      exports = map (form: {
        name = "${form}-exported";
        tar = exportImage {
          name = "exported-${form}";
          fromImage = baseForms.${form};
        };
      }) [ "ociLayout" "ociArchive" ];
    in
    runCommand "on-forms" { nativeBuildInputs = [ pkgs.jq ]; } (
      "mkdir $out\n"
      + lib.concatMapStrings (
        { name, image }:
        ''
          mkdir image
          tar -xf ${image} -C image
          (
            cd image
            for layer in $(jq -r '.[0].Layers[]' manifest.json); do
              for file in etc/from-base made own; do
                tar -xOf "$layer" "./$file" 2> /dev/null || true
              done
            done
            jq -r '.config | .Env[], .WorkingDir' "$(jq -r '.[0].Config' manifest.json)"
          ) | tr '\n' ' ' > $out/${name}
          rm -r image
        ''
      ) images
      + lib.concatMapStrings ({ name, tar }: "tar -xOf ${tar} ./etc/from-base > $out/${name}\n") exports
    );
  mergedForms = mergeImages [
    layersOrder1
    (formBase.override { name = "from-layout"; }).ociLayout
    (formBase.override { name = "from-oci-archive"; }).ociArchive
    baseForms.none
  ];

  # nix-shell's images.
  hasNix = pkgs.stdenv.mkDerivation {
    name = "has-nix";
    nativeBuildInputs = [ nix ];
    buildCommand = "touch $out";
  };
  shellBasic = dockerTools.streamNixShellImage {
    name = "nix-shell-basic";
    tag = "latest";
    drv = hasNix;
  };
  toBuild = pkgs.stdenv.mkDerivation {
    name = "to-build";
    nativeBuildInputs = [ hello ];
    text = "as a file\n";
    passAsFile = [ "text" ];
    shellHook = ''echo "the hook runs"'';
    buildCommand = "hello > $out; cat $textPath >> $out";
  };
  shellHook = dockerTools.streamNixShellImage {
    name = "nix-shell-hook";
    tag = "latest";
    drv = toBuild;
  };
  shellRun = plainly dockerTools.buildNixShellImage {
    name = "nix-shell-run";
    tag = "latest";
    drv = toBuild;
    run = ''
      case $- in *i*) echo interactive ;; *) echo "not interactive" ;; esac
      hello
      cat "$textPath"
    '';
  };
  shellCommand = dockerTools.streamNixShellImage {
    name = "nix-shell-command";
    tag = "latest";
    drv = toBuild;
    command = ''
      case $- in *i*) echo interactive ;; *) echo "not interactive" ;; esac
      exit
    '';
  };
  shellHome = dockerTools.streamNixShellImage {
    name = "nix-shell-home";
    tag = "latest";
    drv = toBuild;
    homeDirectory = "/home/someone";
    uid = 1001;
    gid = 1002;
    run = ''touch $HOME/file && stat -c %u:%g $HOME/file'';
  };
  shellBuild = dockerTools.streamNixShellImage {
    name = "nix-shell-build";
    tag = "latest";
    drv = toBuild;
    run = "buildDerivation && cat $out";
  };

  # Values for the tests.
  facts = {
    tags = builtins.mapAttrs (_: image: image.imageTag) {
      inherit
        bashImage
        bashNoTag
        bashLayered
        bashLayeredStream
        nixLayered
        shellRun
        ;
    };
    hash = builtins.substring 11 32 (builtins.unsafeDiscardStringContext bashNoTag.outPath);
    paths = builtins.mapAttrs (_: path: builtins.unsafeDiscardStringContext "${path}") {
      inherit hello bash nix;
      inherit (pkgs) glibc;
    };
    buildArgs = bashImage.buildArgs.name;
    layerName = bashImage.layer.name;
    exportName = exported.name;
    pullName = pulled.name;
    shellNames = [
      shellRun.name
      (dockerTools.buildNixShellImage { drv = toBuild; }).name
    ];
    arguments = builtins.mapAttrs (_: function: builtins.attrNames (lib.functionArgs function)) {
      inherit pullImage exportImage;
      inherit (dockerTools) buildImage streamNixShellImage buildNixShellImage;
    };
    functions = builtins.attrNames dockerTools;
  };

  mistakes = {
    argument = buildImage {
      name = "wrong";
      copyToRot = [ ];
    };
    both = buildImage {
      name = "wrong";
      copyToRoot = [ ];
      contents = [ ];
    };
    tag = buildImage {
      name = "wrong";
      tag = "a b";
    };
    compressor = buildImage {
      name = "wrong";
      compressor = "xz";
    };
    baseTag = buildImage {
      name = "wrong";
      fromImage = bashImage;
      fromImageTag = "latest";
    };
    stream = buildImage {
      name = "wrong";
      fromImage = helloOnRoot;
    };
    file = buildImage {
      name = "wrong";
      copyToRoot = [ (pkgs.writeText "a-file" "") ];
    };
    date = buildImage {
      name = "wrong";
      created = "yesterday-ish";
    };
    script = buildImage {
      name = "wrong";
      runAsRoot = ''
        echo reached the "first"
        false
        echo reached the "last"
      '';
    };
    untraceable = buildImage {
      name = "untraceable";
      runAsRoot = "touch /made";
    };
    untraceableChroot = streamLayeredImage {
      name = "untraceable-chroot";
      enableFakechroot = true;
      fakeRootCommands = "touch /made";
    };
    pullHash = pullImage {
      imageName = "busybox";
      imageDigest = pulledDigest;
    };
    pullDigest = pullImage {
      imageName = "busybox";
      imageDigest = "1.36";
      hash = "";
    };
    shellBoth = dockerTools.streamNixShellImage {
      drv = toBuild;
      command = "a";
      run = "b";
    };
    shellStructured = dockerTools.streamNixShellImage {
      drv = pkgs.stdenv.mkDerivation {
        name = "structured";
        __structuredAttrs = true;
      };
    };
    mergeStream = mergeImages [ helloOnRoot ];
    mergeNothing = mergeImages [ ];
  };

  deprecated = buildImage {
    name = "deprecated";
    contents = [ hello ];
  };
}
