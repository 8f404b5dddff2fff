# Packages that hold no programs.
{ lib, fromDebian }:
{
  cacert = fromDebian {
    pname = "nss-cacert";
    data = [ "etc/ssl/certs/ca-certificates.crt" ];
    postInstall = ''mv "$out/etc/ssl/certs/ca-certificates.crt" "$out/etc/ssl/certs/ca-bundle.crt"'';
  };
  tzdata = fromDebian {
    pname = "tzdata";
    data = [ "usr/share/zoneinfo" ];
  };
  iana-etc = fromDebian {
    pname = "iana-etc";
    data = [
      "etc/protocols"
      "etc/services"
    ];
  };
}
