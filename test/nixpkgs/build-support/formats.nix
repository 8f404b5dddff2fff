pkgs: {
  json =
    { }:
    {
      generate = name: value: pkgs.runCommandLocal name {
        nativeBuildInputs = [ pkgs.jq ];
        value = builtins.toJSON value;
        passAsFile = [ "value" ];
      } ''jq . "$valuePath" > $out'';
    };
}
