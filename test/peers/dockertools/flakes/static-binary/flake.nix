# An image of one static program, as a Go program is; busybox stands for what Go would build.
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

      server = pkgs.runCommand "busybox-server" { } ''
        mkdir -p $out/bin
        cp ${pkgs.pkgsStatic.busybox}/bin/busybox $out/bin/busybox-server
      '';
    in
    {
      packages.${system} = {
        inherit server;

        image = pkgs.dockerTools.buildLayeredImage {
          name = "static-binary";
          tag = "1.0";
          contents = [
            server
            pkgs.dockerTools.caCertificates
          ];
          config = {
            Entrypoint = [ "/bin/busybox-server" ];
            Cmd = [
              "echo"
              "one static program"
            ];
            User = "65534:65534";
          };
        };
      };
    };
}
