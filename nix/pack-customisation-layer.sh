# Run inside fakeroot by customisation-layer.nix: the user's last commands, then the layer's tar, in one fakeroot
# session, so that owners and devices made by the commands are what tar sees.
if [ -n "${NIX_ATTRS_SH_FILE-}" ]; then
  # Some versions of Nix name the file's place outside of the sandbox.
  [ -e "$NIX_ATTRS_SH_FILE" ] || NIX_ATTRS_SH_FILE=$NIX_BUILD_TOP/.attrs.sh
  source "$NIX_ATTRS_SH_FILE"
fi
source "$stdenv/setup"

cd "$imageRoot"
eval "$fakeRootCommands"

cd "$imageRoot"
source "$regularAccountFiles"

exclude=()
for folder in ${excludedFolders-}; do
  exclude+=("--exclude=.$folder")
done

tar --sort name --numeric-owner --mtime "@$SOURCE_DATE_EPOCH" --hard-dereference \
  "${exclude[@]}" -cf "$out/layer.tar.part" .
mv "$out/layer.tar.part" "$out/layer.tar"
