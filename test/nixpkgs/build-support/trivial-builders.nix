# runCommand, writeText and their relatives, with nixpkgs' names and arguments.
{
  lib,
  stdenv,
  bash,
  coreutils,
  lndir,
}:
let
  quick = {
    preferLocalBuild = true;
    allowSubstitutes = false;
  };
in
rec {
  runtimeShell = "${bash}/bin/bash";

  runCommandWith =
    {
      name,
      runLocal ? false,
      derivationArgs ? { },
      stdenv ? defaultStdenv,
    }:
    buildCommand:
    stdenv.mkDerivation (
      {
        inherit name buildCommand;
        enableParallelBuilding = true;
        passAsFile = [ "buildCommand" ] ++ derivationArgs.passAsFile or [ ];
      }
      // lib.optionalAttrs runLocal quick
      // builtins.removeAttrs derivationArgs [ "passAsFile" ]
    );

  defaultStdenv = stdenv;
  runCommand =
    name: derivationArgs:
    runCommandWith { inherit name derivationArgs; };
  runCommandLocal =
    name: derivationArgs:
    runCommandWith {
      inherit name derivationArgs;
      runLocal = true;
    };
  # There is no compiler in this set.
  runCommandCC = runCommand;
  runCommandNoCC = runCommand;

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      allowSubstitutes ? false,
      preferLocalBuild ? true,
      derivationArgs ? { },
    }:
    runCommand name
      (
        {
          inherit
            text
            executable
            destination
            checkPhase
            allowSubstitutes
            preferLocalBuild
            ;
          passAsFile = [ "text" ];
          meta =
            lib.optionalAttrs (executable && lib.hasPrefix "/bin/" destination) {
              mainProgram = lib.removePrefix "/bin/" destination;
            }
            // meta;
          inherit passthru;
        }
        // derivationArgs
      )
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        cp "$textPath" "$target"
        if [ -n "$executable" ]; then chmod +x "$target"; fi
        eval "$checkPhase"
      '';

  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      name = builtins.baseNameOf path;
      destination = "/${path}";
      inherit text;
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
    };
  shellCheckPhase = ''
    ${stdenv.shell} -n "$target"
  '';
  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = ''
        #!${runtimeShell}
        ${text}
      '';
      checkPhase = shellCheckPhase;
    };
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = ''
        #!${runtimeShell}
        ${text}
      '';
      checkPhase = shellCheckPhase;
    };

  # Checked by `bash -n` alone; nixpkgs runs shellcheck too.
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? null,
      meta ? { },
      passthru ? { },
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      derivationArgs ? { },
      inheritPath ? true,
    }:
    writeTextFile {
      inherit
        name
        passthru
        derivationArgs
        ;
      meta = {
        mainProgram = name;
      }
      // meta;
      executable = true;
      destination = "/bin/${name}";
      text =
        "#!${runtimeShell}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.concatStrings (
          lib.mapAttrsToList (variable: value: ''
            ${lib.toShellVar variable value}
            export ${variable}
          '') (if runtimeEnv == null then { } else runtimeEnv)
        )
        + lib.optionalString (runtimeInputs != [ ]) ''

          export PATH="${lib.makeBinPath runtimeInputs}${lib.optionalString inheritPath ":$PATH"}"
        ''
        + ''

          ${text}
        '';
      checkPhase = if checkPhase == null then shellCheckPhase else checkPhase;
    };

  symlinkJoin =
    args@{
      name ? if args ? pname then args.pname + lib.optionalString (args ? version) "-${args.version}" else throw "symlinkJoin: name is missing",
      paths,
      stripPrefix ? "",
      preferLocalBuild ? true,
      allowSubstitutes ? false,
      postBuild ? "",
      failOnMissing ? stripPrefix == "",
      ...
    }:
    runCommand name
      (
        builtins.removeAttrs args [
          "name"
          "postBuild"
          "stripPrefix"
          "failOnMissing"
        ]
        // {
          inherit preferLocalBuild allowSubstitutes;
          paths = map (path: "${path}${stripPrefix}") paths;
          passAsFile = [ "paths" ];
        }
      )
      ''
        mkdir -p "$out"
        for path in $(cat "$pathsPath"); do
          ${lib.optionalString (!failOnMissing) "if [ ! -d \"$path\" ]; then continue; fi"}
          ${lndir} "$path" "$out"
        done
        ${postBuild}
      '';

  # All of nixpkgs' buildEnv that is used: a joined tree, of the given folders alone.
  buildEnv =
    lib.makeOverridable (
      {
        name,
        paths,
        pathsToLink ? [ "/" ],
        extraPrefix ? "",
        postBuild ? "",
        ignoreCollisions ? false,
        meta ? { },
        passthru ? { },
        nativeBuildInputs ? [ ],
        buildInputs ? [ ],
      }:
      runCommandLocal name
        {
          inherit
            meta
            passthru
            nativeBuildInputs
            buildInputs
            ;
          paths = map (path: "${path}") paths;
          pathsToLink = map (path: "${path}") pathsToLink;
        }
        ''
          mkdir -p "$out${extraPrefix}"
          for path in $paths; do
            for folder in $pathsToLink; do
              if [ -d "$path$folder" ]; then
                mkdir -p "$out${extraPrefix}$folder"
                ${lndir} "$path$folder" "$out${extraPrefix}$folder"
              fi
            done
          done
          rm -rf "$out${extraPrefix}/nix-support"
          ${postBuild}
        ''
    );

  linkFarm =
    name: entries:
    let
      pairs =
        if builtins.isAttrs entries then
          lib.mapAttrsToList (name: path: { inherit name path; }) entries
        else
          entries;
    in
    runCommandLocal name { passthru.entries = lib.listToAttrs (map (e: lib.nameValuePair e.name e.path) pairs); } ''
      mkdir -p "$out"
      cd "$out"
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$(dirname ${lib.escapeShellArg entry.name})"
        ln -s ${lib.escapeShellArg "${entry.path}"} ${lib.escapeShellArg entry.name}
      '') pairs}
    '';
  linkFarmFromDrvs =
    name: drvs:
    linkFarm name (
      map (drv: {
        inherit (drv) name;
        path = drv;
      }) drvs
    );

  concatText = name: files: runCommandLocal name { inherit files; } "cat $files > $out";
  concatTextFile = { name, files }: concatText name files;
  writeClosure = paths: runCommandLocal "runtime-deps" { exportReferencesGraph = lib.concatLists (lib.imap0 (n: path: [ "graph-${toString n}" path ]) paths); } ''
    for graph in graph-*; do
      while read -r path; do
        echo "$path"
        read -r _deriver
        read -r count
        for ((n = 0; n < count; n++)); do read -r _reference; done
      done < "$graph"
    done | sort -u > $out
  '';
  writeReferencesToFile = path: writeClosure [ path ];

  emptyFile = runCommandLocal "empty-file" { } "touch $out";
  emptyDirectory = runCommandLocal "empty-directory" { } "mkdir $out";

  srcOnly = drv: drv.src;
  mkShell =
    {
      name ? "nix-shell",
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      ...
    }@args:
    stdenv.mkDerivation (
      builtins.removeAttrs args [
        "packages"
        "inputsFrom"
      ]
      // {
        inherit name;
        nativeBuildInputs =
          packages ++ nativeBuildInputs ++ lib.concatMap (drv: drv.nativeBuildInputs or [ ]) inputsFrom;
        buildCommand = ''
          export > "$out"
        '';
      }
    );
  mkShellNoCC = mkShell;
}
