# Puts varve's functions in the place of dockerTools' own of the same name; the rest of dockerTools stays.
final: prev:

let
  varveTools = import ./. {
    pkgs = final;
    varve = (final.buildPackages or final).varve;
  };
in
{
  varve = final.callPackage ./varve.nix { };

  inherit varveTools;

  dockerTools = prev.dockerTools // {
    inherit (varveTools)
      binSh
      buildImage
      buildImageWithNixDb
      buildLayeredImage
      buildLayeredImageWithNixDb
      buildNixShellImage
      caCertificates
      exportImage
      fakeNss
      mergeImages
      pullImage
      shadowSetup
      streamLayeredImage
      streamNixShellImage
      usrBinEnv
      ;
  };
}
