# A Redis server as an image, from test/nixpkgs: the neighbour of the example's container.
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../../nixpkgs { inherit system; };
  varveTools = import ../../../nix { inherit pkgs; };
in
varveTools.streamLayeredImage {
  name = "redis";
  tag = "test";
  extraCommands = "mkdir -m 777 data";
  config = {
    Entrypoint = [ "${pkgs.redis}/bin/redis-server" ];
    Cmd = [
      "--protected-mode"
      "no"
      "--appendonly"
      "yes"
      "--dir"
      "/data"
    ];
    ExposedPorts."6379/tcp" = { };
    Volumes."/data" = { };
  };
}
