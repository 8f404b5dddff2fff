# Which image of which archive or OCI layout lies below: as varve's commands name the place, and as a conf does.
{ lib }:

{
  name,
  fromImage,
  fromImageName,
  fromImageTag,
}:

let
  chosen =
    if fromImageName == null then "" else "${fromImageName}:${if fromImageTag == null then "latest" else fromImageTag}";
in
lib.throwIf (fromImageTag != null && fromImageName == null)
  "varve: image '${name}': fromImageTag needs fromImageName, whose tag it is"
  lib.throwIf
  (fromImage.isExe or false)
  "varve: image '${name}': fromImage must be an archive, but is a program that writes one; use buildLayeredImage for the base"
  (
    if fromImage == null then
      {
        place = "";
        file = "";
        name = "";
      }
    else
      {
        # Whether it is an archive or a layout, varve sees.
        place = "${fromImage}" + lib.optionalString (chosen != "") ":${chosen}";
        file = "${fromImage}";
        name = chosen;
      }
  )
