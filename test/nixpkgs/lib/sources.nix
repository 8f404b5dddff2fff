lib: rec {
  cleanSourceFilter =
    name: type:
    let
      base = baseNameOf name;
    in
    !(
      (base == ".git" || type == "directory" && (base == ".svn" || base == "CVS" || base == ".hg"))
      || lib.hasSuffix "~" base
      || builtins.match "^\\.sw[a-z]$" base != null
      || builtins.match "^\\..*\\.sw[a-z]$" base != null
      || lib.hasSuffix ".o" base
      || lib.hasSuffix ".so" base
      || type == "symlink" && lib.hasPrefix "result" base
      || type == "unknown"
    );

  cleanSource = src: cleanSourceWith {
    filter = cleanSourceFilter;
    inherit src;
  };

  cleanSourceWith =
    {
      src,
      filter ? _: _: true,
      name ? null,
    }:
    let
      isFiltered = src ? _isLibCleanSourceWith;
      origSrc = if isFiltered then src.origSrc else src;
      combined = if isFiltered then path: type: filter path type && src.filter path type else filter;
      finalName = if name != null then name else if isFiltered then src.name else "source";
    in
    {
      inherit origSrc;
      filter = combined;
      name = finalName;
      outPath = builtins.path {
        filter = combined;
        path = origSrc;
        name = finalName;
      };
      _isLibCleanSourceWith = true;
    };

  sourceByRegex =
    src: regexes:
    let
      root = toString (if src ? _isLibCleanSourceWith then src.origSrc else src);
    in
    cleanSourceWith {
      inherit src;
      filter =
        path: type:
        let
          relative = lib.removePrefix (root + "/") (toString path);
        in
        builtins.any (regex: builtins.match regex relative != null) regexes;
    };

  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      inherit src;
      filter = name: type: type == "directory" || builtins.any (suffix: lib.hasSuffix suffix (baseNameOf name)) suffixes;
    };
}
