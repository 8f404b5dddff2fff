# dockerTools' compressors of archives: how a file compressed so is called, and varve's name of it.
{
  none = {
    extension = "";
    codec = "none";
  };
  gz = {
    extension = ".gz";
    codec = "gzip";
  };
  zstd = {
    extension = ".zst";
    codec = "zstd";
  };
}
