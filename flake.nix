{
  description = "Container images from package closures: reproducible, finely layered, without a Docker daemon";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      offered = builtins.filter (system: nixpkgs.legacyPackages ? ${system});
      linuxSystems = offered [
        "x86_64-linux"
        "aarch64-linux"
      ];
      systems =
        linuxSystems
        ++ offered [
          "aarch64-darwin"
          "x86_64-darwin"
        ];

      perSystem =
        names: make:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = make system;
          }) names
        );

      pkgsFor = system: nixpkgs.legacyPackages.${system};
      varveFor = system: (pkgsFor system).callPackage ./nix/varve.nix { };
      toolsFor =
        system:
        import ./nix {
          pkgs = pkgsFor system;
          varve = varveFor system;
        };

      # Images are of Linux programs: these exist where such programs are built.
      examplesFor =
        system:
        let
          pkgs = pkgsFor system;
          tools = toolsFor system;
          redis-webserver = pkgs.callPackage ./examples/redis-webserver/package.nix { };
          image = import ./examples/redis-webserver/image.nix {
            inherit (pkgs) cacert dockerTools fakeNss;
            inherit redis-webserver;
          };
        in
        {
          inherit redis-webserver;
          docker = tools.buildLayeredImage image;
          dockerStream = tools.streamLayeredImage image;
        };

      isLinux = system: builtins.elem system linuxSystems;
    in
    {
      packages = perSystem systems (
        system:
        {
          default = varveFor system;
          varve = varveFor system;
        }
        // (if isLinux system then examplesFor system else { })
      );

      apps = perSystem systems (
        system:
        {
          default = {
            type = "app";
            program = "${varveFor system}/bin/varve";
            meta.description = "Builds, streams and loads container images";
          };
        }
        // (
          if isLinux system then
            {
              loadDockerImage = {
                type = "app";
                program = "${(examplesFor system).dockerStream.load}/bin/load-redis-webserver";
                meta.description = "Brings the example's image into the Docker engine and says how to run it";
              };
            }
          else
            { }
        )
      );

      # dockerTools' image functions, for the packages of one system: `lib.x86_64-linux.streamLayeredImage { … }`.
      lib = perSystem systems toolsFor;

      overlays.default = import ./nix/overlay.nix;

      checks = perSystem linuxSystems (
        system:
        import ./nix/checks.nix {
          pkgs = pkgsFor system;
          varve = varveFor system;
          inherit (examplesFor system) docker dockerStream;
        }
      );

      devShells = perSystem systems (
        system:
        let
          pkgs = pkgsFor system;
        in
        {
          default = pkgs.mkShell {
            packages = [
              pkgs.nodejs_24
              pkgs.jq
              pkgs.skopeo
            ];
          };
        }
      );
    };
}
