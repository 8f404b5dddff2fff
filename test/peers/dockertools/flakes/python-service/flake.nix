# A Python service: many store paths, an account of its own, files for the program to write to.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.varve.url = "git+https://example.org/varve";

  outputs =
    { nixpkgs, varve, ... }:
    let
      system = "x86_64-linux";
      # The overlay is all that was added.
      pkgs = import nixpkgs {
        inherit system;
        overlays = [ varve.overlays.default ];
      };

      service = pkgs.stdenv.mkDerivation {
        name = "service";
        src = ./src;
        nativeBuildInputs = [ pkgs.makeWrapper ];
        installPhase = ''
          mkdir -p $out/bin $out/share
          cp service.py $out/share
          makeWrapper ${pkgs.python3}/bin/python3 $out/bin/service --add-flags $out/share/service.py
        '';
      };
    in
    {
      packages.${system} = {
        inherit service;

        stream = pkgs.dockerTools.streamLayeredImage {
          name = "registry.example.org/team/python-service";
          tag = "latest";
          maxLayers = 12;
          contents = [
            service
            pkgs.dockerTools.binSh
            pkgs.coreutils
            (pkgs.dockerTools.fakeNss.override {
              extraPasswdLines = [ "service:x:1000:1000:service:/var/lib/service:/bin/sh" ];
              extraGroupLines = [ "service:x:1000:" ];
            })
          ];
          fakeRootCommands = ''
            mkdir -p ./var/lib/service
            chown 1000:1000 ./var/lib/service
          '';
          config = {
            Cmd = [ "/bin/service" ];
            User = "service";
            WorkingDir = "/var/lib/service";
            Env = [
              "PORT=8080"
              "PATH=/bin"
            ];
            ExposedPorts."8080/tcp" = { };
          };
        };
      };
    };
}
