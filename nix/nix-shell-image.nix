# dockerTools.streamNixShellImage and buildNixShellImage: an image in which a derivation's environment is, as nix-shell
# gives it; the program `buildDerivation` builds the derivation (reference: dockertools-api, section 4).
{
  lib,
  runCommand,
  writeText,
  writeShellScriptBin,
  bashInteractive,
  cacert,
  varve,
  checkArguments,
  nixDatabaseCommands,
  compressors,
  streamLayeredImage,
  rootFiles,
}:

let
  # Where Nix' builds are on Linux.
  buildFolder = "/build";

  # As Nix hands attributes to a builder.
  environmentText =
    value:
    if builtins.isPath value then
      "${value}"
    else if builtins.isList value then
      lib.concatMapStringsSep " " environmentText value
    else
      toString value;

  # What a builder finds in its environment.
  environmentOf =
    drv:
    let
      isText =
        value:
        !builtins.isFunction value
        && !(builtins.isAttrs value && !(value ? outPath) && !(value ? __toString));
      attributes = lib.filterAttrs (_: isText) (
        removeAttrs drv.drvAttrs [
          "args"
          "passAsFile"
          "__ignoreNulls"
          "__structuredAttrs"
        ]
      );
      asFile = drv.drvAttrs.passAsFile or [ ];
      texts = builtins.mapAttrs (_: environmentText) (removeAttrs attributes asFile);
      files = builtins.listToAttrs (
        map (name: {
          name = "${name}Path";
          value = "${writeText "pass-as-file-${name}" (environmentText attributes.${name})}";
        }) asFile
      );
      outputs = lib.genAttrs (drv.outputs or [ "out" ]) (
        output: builtins.unsafeDiscardStringContext "${drv.${output}.outPath}"
      );
    in
    texts // files // outputs;

  stream =
    {
      # The derivation whose environment is wanted.
      drv,
      name ? drv.name + "-env",
      # null: the hash of the image's conf.json, in `imageTag`.
      tag ? null,
      # Who works in the container.
      uid ? 1000,
      gid ? 1000,
      homeDirectory ? buildFolder,
      shell ? "${bashInteractive}/bin/bash",
      # Shell commands to run, in an interactive shell …
      command ? null,
      # … or in one that is not.
      run ? null,
    }:

    let
      builder = writeShellScriptBin "buildDerivation" ''
        exec ${lib.escapeShellArg (environmentText drv.drvAttrs.builder)} \
          ${lib.escapeShellArgs (map environmentText (drv.drvAttrs.args or [ ]))}
      '';
      programs = "${dirOf shell}:${builder}/bin";

      # Read by the shell when it starts: the builder's setup, then what nix-shell does.
      startup = writeText "${baseNameOf name}-startup" ''
        unset PATH
        dontAddDisableDepTrack=1
        if [ -e "''${stdenv-}/setup" ]; then source "$stdenv/setup"; fi
        PATH=${programs}''${PATH:+:$PATH}
        export PATH
        SHELL=${shell}
        set +e
        if [ -n "''${PS1-}" ] && [ -z "''${NIX_SHELL_PRESERVE_PROMPT-}" ]; then
          PS1='\n\[\033[1;32m\][nix-shell:\w]\$\[\033[0m\] '
        fi
        if [ "$(type -t runHook)" = function ]; then
          runHook shellHook
        elif [ -n "''${shellHook-}" ]; then
          eval "$shellHook"
        fi
        trap - EXIT
        unset NIX_ENFORCE_PURITY
        shopt -u nullglob
        shopt -s execfail
        ${toString command}${toString run}
      '';

      certificates = "${cacert}/etc/ssl/certs/ca-bundle.crt";

      environment = {
        SSL_CERT_FILE = certificates;
        NIX_SSL_CERT_FILE = certificates;
        NIX_STORE = builtins.storeDir;
        NIX_BUILD_CORES = "1";
      }
      // environmentOf drv
      // {
        PATH = programs;
        HOME = homeDirectory;
        NIX_BUILD_TOP = buildFolder;
        TMPDIR = buildFolder;
        TEMPDIR = buildFolder;
        TMP = buildFolder;
        TEMP = buildFolder;
        PWD = buildFolder;
        TERM = "xterm-256color";
        NIX_LOG_FD = "2";
      };

      contents = [
        rootFiles.binSh
        rootFiles.usrBinEnv
        (rootFiles.fakeNss.override {
          extraPasswdLines = [
            "nixbld:x:${toString uid}:${toString gid}:Build user:${homeDirectory}:/noshell"
          ];
          extraGroupLines = [ "nixbld:!:${toString gid}:" ];
        })
      ];

      # Refers to all that the environment does, so that Nix in the container knows it.
      registered = writeText "${baseNameOf name}-environment" (builtins.toJSON environment);
      owner = "${toString uid}:${toString gid}";
    in
    lib.throwIf (drv.drvAttrs.__structuredAttrs or false)
      "varve: streamNixShellImage does not work with the derivation '${drv.name}', since it uses __structuredAttrs"
      lib.throwIf
      (command != null && run != null)
      "varve: streamNixShellImage: give 'command' for an interactive shell or 'run' for one that is not, not both"
      (
        streamLayeredImage {
          inherit name tag contents;
          extraCommands = nixDatabaseCommands (
            contents
            ++ [
              registered
              builder
              startup
            ]
          );
          # The user may build: the store's folder is theirs, as with a single-user installation of Nix.
          fakeRootCommands = ''
            mkdir -p nix/store .${buildFolder} ".${homeDirectory}" tmp
            chmod 0755 nix nix/store
            chmod 1777 tmp
            chown -R ${owner} nix
            chown ${owner} .${buildFolder} ".${homeDirectory}"
          '';
          config = {
            User = owner;
            Cmd = if run == null then [ shell "--rcfile" "${startup}" ] else [ shell "${startup}" ];
            WorkingDir = buildFolder;
            Env = lib.mapAttrsToList (variable: value: "${variable}=${value}") environment;
          };
        }
      );

  streamNixShellImage = lib.makeOverridable (
    checkArguments "streamNixShellImage" (lib.functionArgs stream) stream
  );

  build =
    {
      drv,
      compressor ? "gz",
      ...
    }@arguments:
    let
      streamed = streamNixShellImage (removeAttrs arguments [ "compressor" ]);
      chosen =
        compressors.${compressor}
          or (throw "varve: buildNixShellImage: compressor '${compressor}' is not one of ${lib.concatStringsSep ", " (builtins.attrNames compressors)}");
    in
    runCommand "${baseNameOf (arguments.name or "${drv.name}-env")}.tar${chosen.extension}"
      {
        inherit (streamed) imageName;
        nativeBuildInputs = [ varve ];
        passthru = {
          inherit (streamed)
            imageTag
            conf
            describedConf
            load
            push
            copyTo
            ociLayout
            ociArchive
            ;
          stream = streamed;
        };
      }
      ''
        export XDG_CACHE_HOME=$PWD/cache
        varve build --conf ${streamed.conf} --compression ${chosen.codec} -o - > $out
      '';
in
{
  inherit streamNixShellImage;

  buildNixShellImage = lib.makeOverridable (
    checkArguments "buildNixShellImage" (lib.functionArgs stream // { compressor = true; }) build
  );
}
