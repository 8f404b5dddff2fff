rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  singleton = x: [ x ];
  toList = x: if builtins.isList x then x else [ x ];
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: list: if condition then list else [ ];
  flatten = x: if builtins.isList x then builtins.concatMap flatten x else [ x ];
  last = list: builtins.elemAt list (builtins.length list - 1);
  init = list: take (builtins.length list - 1) list;
  reverseList = list: builtins.foldl' (rest: x: [ x ] ++ rest) [ ] list;
  range = first: final: if first > final then [ ] else builtins.genList (n: first + n) (final - first + 1);

  foldr =
    f: nil: list:
    let
      go = n: if n == builtins.length list then nil else f (builtins.elemAt list n) (go (n + 1));
    in
    go 0;
  fold = foldr;
  foldl =
    f: nil: list:
    builtins.foldl' f nil list;

  imap0 = f: list: builtins.genList (n: f n (builtins.elemAt list n)) (builtins.length list);
  imap1 = f: imap0 (n: f (n + 1));

  take = count: list: builtins.genList (builtins.elemAt list) (if count < builtins.length list then count else builtins.length list);
  drop =
    count: list:
    let
      rest = builtins.length list - count;
    in
    if rest <= 0 then [ ] else builtins.genList (n: builtins.elemAt list (n + count)) rest;

  findFirst =
    predicate: default: list:
    let
      found = builtins.filter predicate list;
    in
    if found == [ ] then default else builtins.head found;

  remove = x: builtins.filter (y: y != x);
  unique = builtins.foldl' (seen: x: if builtins.elem x seen then seen else seen ++ [ x ]) [ ];
  subtractLists = unwanted: builtins.filter (x: !builtins.elem x unwanted);
  intersectLists = wanted: builtins.filter (x: builtins.elem x wanted);
  zipListsWith =
    f: a: b:
    builtins.genList (n: f (builtins.elemAt a n) (builtins.elemAt b n)) (
      if builtins.length a < builtins.length b then builtins.length a else builtins.length b
    );
  crossLists = f: builtins.foldl' (fs: xs: builtins.concatMap (g: map g xs) fs) [ f ];
}
