# An image on a base: the base with an account made as root, a layered image and a single layer above it.
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
      inherit (pkgs) dockerTools;
    in
    {
      packages.${system} = rec {
        base = dockerTools.buildImage {
          name = "base";
          tag = "latest";
          copyToRoot = pkgs.buildEnv {
            name = "root";
            paths = [
              pkgs.bashInteractive
              pkgs.coreutils
            ];
            pathsToLink = [ "/bin" ];
          };
          runAsRoot = ''
            #!${pkgs.runtimeShell}
            ${dockerTools.shadowSetup}
            groupadd -r app
            useradd -r -g app app
            mkdir /data
            chown app:app /data
          '';
          config.Env = [
            "PATH=/bin"
            "FROM_BASE=yes"
          ];
        };

        image = dockerTools.buildLayeredImage {
          name = "on-a-base";
          tag = "latest";
          fromImage = base;
          contents = [ pkgs.hello ];
          config = {
            Cmd = [ "hello" ];
            User = "app";
          };
        };

        single = dockerTools.buildImage {
          name = "single";
          tag = "latest";
          fromImage = base;
          copyToRoot = [ pkgs.hello ];
          config.Cmd = [ "/bin/hello" ];
        };

        both = dockerTools.mergeImages [
          image
          single
        ];
      };
    };
}
