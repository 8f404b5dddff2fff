# Packages of every kind that an installable can name, made with the machine's own shell.
{
  outputs =
    { self }:
    let
      packagesFor =
        system:
        let
          make =
            name: script: attributes:
            derivation (
              {
                inherit name system;
                builder = "/bin/bash";
                args = [
                  "-c"
                  script
                ];
              }
              // attributes
            );
        in
        rec {
          libc = make "libc" "echo libc > $out" { };
          lib = make "lib-1.0" "echo needs $libc and $out > $out" { inherit libc; };
          app = make "app-2.0" "echo building the app >&2; echo needs $lib and $libc > $out" {
            inherit lib libc;
          };
          several = make "several" "echo $libc > $out; echo dev > $dev" {
            inherit libc;
            outputs = [
              "out"
              "dev"
            ];
          };

          default = image;
          image = make "image" "echo image > $out" { } // {
            conf = make "image-conf.json" ''echo "{\"store_layers\": [[\"$app\"]]}" > $out'' { inherit app; };
          };
          # As older versions of nixpkgs' buildLayeredImage have it.
          compressed = make "compressed" "echo > $out" { } // {
            stream = image;
          };
          server = make "server" "echo > $out" { } // {
            conf = make "server.conf" "echo port 80 > $out" { };
          };
          list = make "list" "echo > $out" { } // {
            conf = make "list.json" "echo '[]' > $out" { };
          };
          text = make "text" "echo > $out" { } // {
            conf = "port 80";
          };
          throwing = make "throwing" "echo > $out" { } // {
            conf = throw "there is no conf for you";
          };
          unbuildable = make "unbuildable" "echo > $out" { } // {
            conf = failing;
          };

          failing = make "failing" "echo this cannot work >&2; exit 3" { };
          slow = make "slow" "exec /bin/sleep 1000" { };

          # What builders get of their dependencies' graph, in both forms.
          plainGraph = make "graph" "while read -r line; do echo \"$line\"; done < closure > $out" {
            exportReferencesGraph = [
              "closure"
              app
            ];
          };
          jsonGraph = make "attributes" ''
            . .attrs.sh
            echo "$(< .attrs.json)" > "''${outputs[out]}"
          '' {
            __structuredAttrs = true;
            exportReferencesGraph.closure = [ app ];
          };
        };
    in
    {
      packages = {
        x86_64-linux = packagesFor "x86_64-linux";
        aarch64-linux = packagesFor "aarch64-linux";
      };
    };
}
