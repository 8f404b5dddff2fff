# The programs that come with an image: they write it, or load it into an engine, without it being in the store.
{
  varve,
  runCommand,
  runtimeShell,
  writeShellScript,
  writeShellScriptBin,
}:

rec {
  # Takes a conf file and options: what dockerTools' `passthru.streamScript` does.
  streamScript = writeShellScript "stream" ''
    exec ${varve}/bin/varve stream --conf "$@"
  '';

  # The image as a program that writes a docker archive to standard output.
  #
  # As a string, and built with nix-build or `nix build`, it is an executable file, as people expect from
  # dockerTools. `nix run` and `lib.getExe` want a folder with `bin/`, and find it as `outPath` and output `bin`.
  streamProgram =
    {
      baseName,
      conf,
      imageName,
      passthru,
      meta,
    }:
    let
      program = "stream-${baseName}";

      withFolder =
        drv:
        drv
        // {
          outPath = "${drv.bin}";
          __toString = _: "${drv.out}";
          overrideAttrs = change: withFolder (drv.overrideAttrs change);
        };
    in
    withFolder (
      runCommand program
        {
          outputs = [
            "out"
            "bin"
          ];
          inherit imageName passthru;
          preferLocalBuild = true;
          meta = meta // {
            mainProgram = program;
            outputsToInstall = [ "out" ];
          };
        }
        ''
          mkdir -p $bin/bin
          cat > $bin/bin/${program} <<'SCRIPT'
          #!${runtimeShell}
          exec ${streamScript} ${conf} "$@"
          SCRIPT
          cat > $out <<SCRIPT
          #!${runtimeShell}
          exec $bin/bin/${program} "\$@"
          SCRIPT
          chmod +x $bin/bin/${program} $out
        ''
    );

  # A program that brings the image into a Docker engine and says how to run it.
  loadProgram =
    { baseName, conf }:
    writeShellScriptBin "load-${baseName}" ''
      exec ${varve}/bin/varve load --conf ${conf} "$@"
    '';
}
