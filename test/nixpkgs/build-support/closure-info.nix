# registration (for nix-store --load-db), store-paths and total-nar-size of a closure, as nixpkgs' closureInfo.
{
  stdenv,
  coreutils,
  jq,
}:
{ rootPaths }:
assert builtins.langVersion >= 5;
stdenv.mkDerivation {
  name = "closure-info";
  __structuredAttrs = true;
  exportReferencesGraph.closure = rootPaths;
  preferLocalBuild = true;
  nativeBuildInputs = [ jq ];
  buildCommand = ''
    mkdir "$out"
    graph=$NIX_ATTRS_JSON_FILE
    jq -r '.closure[] | .path, .narHash, .narSize, "", (.references | length), .references[]' "$graph" > "$out/registration"
    jq -r '.closure[].path' "$graph" > "$out/store-paths"
    jq '[.closure[].narSize] | add // 0' "$graph" > "$out/total-nar-size"
  '';
}
