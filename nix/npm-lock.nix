# What a package-lock.json says: which packages production needs on a platform, and which package each of them
# gets for each name it imports. Pure evaluation; whatever cannot be packaged is an error here, before any build.
{ lib }:

{
  lockFile,
  platform,
  omit,
  ignoreScriptsOf,
}:

let
  lock = lib.importJSON lockFile;
  fail = message: throw "npm-packages: ${toString lockFile}: ${message}";

  # Place in the tree (`node_modules/a/node_modules/b`; the root is "") to its entry.
  entries =
    if lock.lockfileVersion or 0 >= 2 && lock ? packages then
      lock.packages
    else
      fail "lockfileVersion 2 or 3 is needed; write it anew with npm 7 or later";

  place =
    location:
    let
      found = builtins.match "(.*/)?node_modules/((@[^/]+/)?[^/]+)" location;
    in
    if found == null then
      fail "`${location}' is not inside a node_modules folder; workspaces cannot be packaged"
    else
      {
        parent = lib.removeSuffix "/" (if builtins.head found == null then "" else builtins.head found);
        name = builtins.elemAt found 1;
      };
  nameOf = location: (place location).name;

  # Where Node.js finds `name` from `location`: in its own node_modules, else further up.
  resolve =
    location: name:
    let
      candidate = lib.optionalString (location != "") "${location}/" + "node_modules/${name}";
    in
    if entries ? ${candidate} then
      candidate
    else if location == "" then
      null
    else
      resolve (place location).parent name;

  # npm writes `"os": "linux"` and `"os": ["!win32"]` alike.
  matches =
    rules: value:
    let
      list = lib.toList rules;
      denied = builtins.filter (lib.hasPrefix "!") list;
      allowed = lib.subtractLists denied list;
    in
    !(builtins.elem "!${value}" denied)
    && (allowed == [ ] || builtins.elem value allowed || builtins.elem "any" allowed);
  cpu =
    {
      x86_64 = "x64";
      aarch64 = "arm64";
      i686 = "ia32";
      armv7l = "arm";
    }
    .${platform.parsed.cpu.name} or platform.parsed.cpu.name;
  suits =
    entry:
    matches (entry.os or [ ]) platform.parsed.kernel.name
    && matches (entry.cpu or [ ]) cpu
    && (!platform.isLinux || matches (entry.libc or [ ]) (if platform.isMusl or false then "musl" else "glibc"));

  bundledBy =
    entry:
    let
      list = entry.bundleDependencies or entry.bundledDependencies or [ ];
    in
    if list == true then builtins.attrNames (entry.dependencies or { }) else lib.optionals (list != false) list;

  # The places of the packages of these `names` as `location` imports them. `mayLack` tells which need not be there.
  find =
    location: mayLack: names:
    lib.concatMap (
      name:
      let
        found = resolve location name;
        whose = if location == "" then "the root" else "`${nameOf location}'";
      in
      if found != null && suits entries.${found} then
        [ found ]
      else if mayLack name then
        [ ]
      else if found == null then
        fail "${whose} depends on `${name}', which the lock file does not have; run npm install"
      else
        fail "${whose} depends on `${name}', which is not for ${platform.system}"
    ) (lib.subtractLists (omit ++ bundledBy entries.${location}) names);

  optionalPeersOf =
    entry:
    builtins.filter (name: entry.peerDependenciesMeta.${name}.optional or false) (
      builtins.attrNames (entry.peerDependencies or { })
    );

  # What comes with `location`: everything it depends on, save peers that are left to whoever uses it.
  bringsAlong =
    location:
    let
      entry = entries.${location};
      optional = entry.optionalDependencies or { };
      peers = builtins.removeAttrs (entry.peerDependencies or { }) (optionalPeersOf entry);
    in
    find location (name: optional ? ${name}) (
      builtins.attrNames (peers // optional // (entry.dependencies or { }))
    );

  locations = map ({ key }: key) (
    builtins.filter ({ key }: key != "") (
      builtins.genericClosure {
        startSet = [ { key = ""; } ];
        operator = { key }: map (location: { key = location; }) (bringsAlong key);
      }
    )
  );
  present = lib.genAttrs locations (_: null);

  # An optional peer is linked if something else has brought it.
  dependenciesOf = lib.genAttrs ([ "" ] ++ locations) (
    location:
    lib.unique (
      bringsAlong location
      ++ builtins.filter (found: present ? ${found}) (
        find location (_: true) (optionalPeersOf entries.${location})
      )
    )
  );

  show = location: "${nameOf location}@${entries.${location}.version or "?"}";

  scripted = builtins.filter (
    location:
    entries.${location}.hasInstallScript or false && !(builtins.elem (nameOf location) ignoreScriptsOf)
  ) locations;

  foreign = builtins.filter (
    location: entries.${location}.link or false || !(entries.${location} ? integrity)
  ) locations;

  # Takes away, again and again, what has no neighbour that is left: with both neighbourhoods taken in turn,
  # what stays is in cycles or between them.
  trim =
    neighboursOf: left:
    let
      stays = builtins.filter (
        location: builtins.any (neighbour: left ? ${neighbour}) neighboursOf.${location}
      ) (builtins.attrNames left);
    in
    if builtins.length stays == builtins.length (builtins.attrNames left) then
      left
    else
      trim neighboursOf (lib.genAttrs stays (_: null));

  dependentsOf = builtins.zipAttrsWith (_: dependents: dependents) (
    map (location: lib.genAttrs dependenciesOf.${location} (_: location)) locations
  );

  entangled = trim (lib.genAttrs locations (location: dependentsOf.${location} or [ ])) (
    trim dependenciesOf present
  );

  reach = lib.mapAttrs (
    location: _:
    lib.genAttrs (map ({ key }: key) (
      builtins.genericClosure {
        startSet = map (key: { inherit key; }) dependenciesOf.${location};
        operator =
          { key }: map (key: { inherit key; }) (builtins.filter (next: entangled ? ${next}) dependenciesOf.${key});
      }
    )) (_: null)
  ) entangled;

  # The packages that depend on each other in a circle with this one, itself included; most are alone.
  groupOf = lib.genAttrs locations (
    location:
    if entangled ? ${location} && reach.${location} ? ${location} then
      builtins.filter (other: reach.${location} ? ${other} && reach.${other} ? ${location}) (
        builtins.attrNames entangled
      )
    else
      [ location ]
  );

  checked =
    if foreign != [ ] then
      fail "not from a registry, so there is no integrity to check: ${lib.concatMapStringsSep ", " show foreign}"
    else if scripted != [ ] then
      fail (
        "these packages run a script when they are installed, which cannot be done here: "
        + lib.concatMapStringsSep ", " show scripted
        + "; leave them out with omit, or name those that work without it in ignoreScriptsOf"
      )
    else
      true;
in
assert checked;
{
  inherit
    entries
    nameOf
    locations
    dependenciesOf
    groupOf
    ;
  rootName = lock.name or "root";
}
