# An image from a registry by its manifest, a file that is kept beside the Nix code: every layer is a store path of
# its own, fetched once for all images that have it, and no hash of Nix's own is needed. The result is an OCI layout,
# for `fromImage`. The names of arguments are nix2container's.
{
  lib,
  runCommand,
  writeShellScriptBin,
  cacert,
  varve,
  checkArguments,
  defaultArchitecture,
}:

let
  pull =
    {
      # Without registry, which registryUrl is.
      imageName,
      # A file with the manifest's very bytes: what `getManifest` of the result prints, also without one.
      imageManifest ? null,
      # For getManifest.
      imageTag ? "latest",
      os ? "linux",
      arch ? defaultArchitecture,
      # Whether the registry must have a certificate that is known.
      tlsVerify ? true,
      registryUrl ? "registry.hub.docker.com",
      meta ? { },
    }:
    let
      repository = "${if registryUrl == "registry.hub.docker.com" then "docker.io" else registryUrl}/${imageName}";
      baseName = baseNameOf imageName;
      problem = message: throw "varve: pullImageFromManifest of '${imageName}': ${message}";
      manifest =
        if imageManifest == null then
          problem "imageManifest is missing; `nix run` its getManifest to print one"
        else
          let
            read = lib.importJSON imageManifest;
          in
          if read ? layers && read ? config then
            read
          else
            problem "${toString imageManifest} is no manifest of one image; getManifest prints that of one platform";

      hexOf =
        digest:
        if builtins.match "sha256:[0-9a-f]{64}" digest == null then
          problem "'${digest}' is not a SHA-256 digest"
        else
          lib.removePrefix "sha256:" digest;

      fetch =
        { digest, size, ... }:
        runCommand (hexOf digest)
          {
            outputHashMode = "flat";
            outputHashAlgo = "sha256";
            outputHash = hexOf digest;
            impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [
              "DOCKER_CONFIG"
              "REGISTRY_AUTH_FILE"
            ];
            SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
            inherit tlsVerify;
            __structuredAttrs = true;
            # The config of an image made by Nix names store paths. Nix takes them for references, which a fetched
            # file cannot have; from 2.17 on it can be told not to.
            unsafeDiscardReferences.out = true;
          }
          ''
            export SSL_CERT_FILE tlsVerify
            export HOME=$PWD XDG_CACHE_HOME=$PWD/cache
            ${varve.nodejs}/bin/node ${./fetch-blob.mjs} ${varve}/lib/varve \
              ${lib.escapeShellArg repository} ${digest} ${toString size} "$out"
          '';

      mediaType = manifest.mediaType or "application/vnd.oci.image.manifest.v1+json";
      digest = "sha256:${builtins.hashFile "sha256" imageManifest}";
    in
    runCommand "${baseName}-oci"
        {
          index = builtins.toJSON {
            schemaVersion = 2;
            mediaType = "application/vnd.oci.image.index.v1+json";
            manifests = [
              {
                inherit mediaType digest;
                size = builtins.stringLength (builtins.readFile imageManifest);
                annotations."org.opencontainers.image.ref.name" = imageTag;
              }
            ];
          };
          passAsFile = [ "index" ];
          passthru = {
            imageFormat = "oci";
            getManifest = writeShellScriptBin "get-manifest" ''
              exec ${varve}/bin/varve inspect --raw --platform ${os}/${arch} \
                ${lib.optionalString (!tlsVerify) "--no-tls-verify"} docker://${repository}:${imageTag} "$@"
            '';
          };
          inherit meta;
        }
        ''
          mkdir -p "$out/blobs/sha256"
          cp "$indexPath" "$out/index.json"
          echo '{"imageLayoutVersion":"1.0.0"}' > "$out/oci-layout"
          cp ${imageManifest} "$out/blobs/sha256/${hexOf digest}"
          ${lib.concatMapStringsSep "\n" (blob: ''
            ln -sfn ${fetch blob} "$out/blobs/sha256/${hexOf blob.digest}"
          '') ([ manifest.config ] ++ manifest.layers)}
        '';
in
checkArguments "pullImageFromManifest" (lib.functionArgs pull) pull
