# A file from a URL with a known hash, by the machine's curl.
{
  lib,
  stdenv,
  curl,
  cacert,
}:
lib.makeOverridable (
  {
    url ? "",
    urls ? [ ],
    name ? baseNameOf (toString (if url != "" then url else builtins.head urls)),
    hash ? "",
    sha256 ? "",
    sha512 ? "",
    outputHash ? "",
    outputHashAlgo ? null,
    curlOptsList ? [ ],
    postFetch ? "",
    meta ? { },
    passthru ? { },
    ...
  }:
  stdenv.mkDerivation {
    inherit name meta passthru;
    urls = if url != "" then [ url ] else urls;
    outputHash =
      if hash != "" then
        hash
      else if sha256 != "" then
        sha256
      else if sha512 != "" then
        sha512
      else
        outputHash;
    outputHashAlgo =
      if hash != "" then
        null
      else if sha256 != "" then
        "sha256"
      else if sha512 != "" then
        "sha512"
      else
        outputHashAlgo;
    outputHashMode = "flat";
    nativeBuildInputs = [ curl ];
    SSL_CERT_FILE = "${cacert}/etc/ssl/certs/ca-bundle.crt";
    inherit curlOptsList postFetch;
    impureEnvVars = import ./proxies.nix;
    preferLocalBuild = true;
    buildCommand = ''
      for url in $urls; do
        if curl --fail --location --silent --show-error --retry 3 --cacert "$SSL_CERT_FILE" $curlOptsList --output "$out" "$url"; then
          eval "$postFetch"
          exit 0
        fi
      done
      echo "cannot fetch $name from any of: $urls" >&2
      exit 1
    '';
  }
)
