# Sourced by builds before they use proot for $1, an argument of dockerTools': says in a sentence where proot cannot run
# what it would otherwise fail of in many.
varveProotAllowed() {
  local said
  if said=$(proot -r / true 2>&1); then
    return
  fi
  # Some kernels and sandboxes only refuse what makes it quick.
  if PROOT_NO_SECCOMP=1 proot -r / true > /dev/null 2>&1; then
    export PROOT_NO_SECCOMP=1
    return
  fi
  {
    printf '%s\n' "$said"
    echo "varve: image '$imageName': $1 needs proot, which may not trace programs here (ptrace)"
    echo "hint: allow it where this is built (docker run --cap-add SYS_PTRACE; kernel.yama.ptrace_scope below 3;" \
      "not below strace), build it on another machine, or use fakeRootCommands without enableFakechroot," \
      "which need no proot"
  } >&2
  return 1
}
