# The arguments of the server's image, for streamLayeredImage and buildLayeredImage alike.
#
# It holds what the server needs to run and nothing else: Node.js, the server, CA certificates and an account.
{
  cacert,
  dockerTools,
  fakeNss,
  redis-webserver,
}:

let
  user = "65532:65532";
in
{
  name = "redis-webserver";
  tag = "latest";

  contents = [
    dockerTools.caCertificates
    (fakeNss.override {
      extraPasswdLines = [ "nonroot:x:${user}:redis-webserver:/var/empty:/sbin/nologin" ];
      extraGroupLines = [ "nonroot:x:65532:" ];
    })
  ];

  config = {
    Entrypoint = [ "${redis-webserver}/bin/redis-webserver" ];
    User = user;
    WorkingDir = "/var/empty";
    Env = [
      "NODE_ENV=production"
      "PORT=8000"
      "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt"
    ];
    ExposedPorts."8000/tcp" = { };
    StopSignal = "SIGTERM";
    Labels = {
      "org.opencontainers.image.title" = "redis-webserver";
      "org.opencontainers.image.description" = "A small web service that keeps its data in Redis";
      "org.opencontainers.image.licenses" = "MIT";
    };
  };
}
