# dockerTools.pullImage, with the same arguments and, byte for byte, the same result (reference: dockertools-api,
# section 4): so the hashes in people's files stay as they are. `varve prefetch` prints the arguments.
{
  lib,
  runCommand,
  cacert,
  varve,
  checkArguments,
  defaultArchitecture,
}:

let
  withoutSeparators = lib.replaceStrings [ "/" ":" ] [ "-" "-" ];

  # Shown by Nix next to the hash that it finds instead.
  unknownHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

  pull =
    {
      # In a registry, `registry.example.org/team/app`.
      imageName,
      # Of the image, or of an index of several.
      imageDigest,
      # Of the archive: SRI; or by one of the older names.
      hash ? null,
      sha256 ? null,
      outputHash ? null,
      outputHashAlgo ? null,
      # Which image of an index.
      os ? "linux",
      arch ? defaultArchitecture,
      variant ? null,
      # What the archive calls it.
      finalImageName ? imageName,
      finalImageTag ? "latest",
      # Whether the registry must have a certificate that is known.
      tlsVerify ? true,
      name ? withoutSeparators "docker-image-${finalImageName}-${finalImageTag}.tar",
    }:

    let
      given = lib.filterAttrs (_: value: value != null) {
        inherit hash sha256 outputHash;
      };
      named = builtins.attrNames given;
      text = given.${builtins.head named};
      isSri = builtins.match "[a-z0-9]+-.*" text != null;
    in
    lib.throwIf (named == [ ])
      "varve: pullImage of '${imageName}' needs a hash: run `varve prefetch ${imageName}@${imageDigest}`, or give hash = \"\" to be told"
      lib.throwIf
      (builtins.length named > 1)
      "varve: pullImage of '${imageName}' has ${lib.concatStringsSep " and " named}: give one of them"
      lib.throwIfNot
      (builtins.match "sha256:[0-9a-f]{64}" imageDigest != null)
      "varve: pullImage of '${imageName}': imageDigest '${imageDigest}' is not sha256: and 64 hexadecimal digits"
      (
        runCommand name
          (
            {
            inherit imageDigest;
            imageName = finalImageName;
            imageTag = finalImageTag;

            outputHashMode = "flat";
            outputHash = if text == "" then unknownHash else text;

            # An image may hold store paths that this build uses, too. What has a fixed hash may refer to nothing;
            # from Nix 2.14 on it need not be searched.
            __structuredAttrs = true;
            unsafeDiscardReferences.out = true;

            # How the network is reached, and who may pull; with a Nix daemon these are the daemon's.
            impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
              "DOCKER_CONFIG"
              "REGISTRY_AUTH_FILE"
            ];
            certificates = "${cacert}/etc/ssl/certs/ca-bundle.crt";

            source = "docker://${imageName}@${imageDigest}";
            destination = "docker-archive:-:${finalImageName}:${finalImageTag}";
            platform = lib.concatStringsSep "/" ([ os arch ] ++ lib.optional (variant != null) variant);
            options = lib.optional (!tlsVerify) "--tls-verify=false";
            nativeBuildInputs = [ varve ];
            }
            // lib.optionalAttrs (text != "" && !isSri) {
              outputHashAlgo = if outputHashAlgo != null then outputHashAlgo else "sha256";
            }
          )
          ''
            export HOME=$PWD XDG_CACHE_HOME=$PWD/cache SSL_CERT_FILE=$certificates
            varve copy "$source" "$destination" --archive-form skopeo --platform "$platform" "''${options[@]}" > "''${outputs[out]}"
          ''
      );
in
lib.makeOverridable (checkArguments "pullImage" (lib.functionArgs pull) pull)
