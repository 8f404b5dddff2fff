lib: rec {
  addMetaAttrs = newAttrs: drv: drv // { meta = (drv.meta or { }) // newAttrs; };
  setName = name: drv: drv // { inherit name; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  availableOn = platform: pkg: !(pkg.meta ? platforms) || builtins.elem platform.system pkg.meta.platforms;

  getExe' =
    pkg: program:
    if !builtins.isString program then
      throw "lib.getExe' needs the program's name as a string"
    else if lib.hasInfix "/" program then
      throw "lib.getExe': `${program}' is a path, not the name of a program; write \"\${package}/…\" instead"
    else
      "${lib.getBin pkg}/bin/${program}";
  getExe =
    pkg:
    getExe' pkg (
      pkg.meta.mainProgram
        or (lib.warn "getExe: package `${pkg.name or "?"}' has no meta.mainProgram; taking its name" (lib.getName pkg))
    );
}
