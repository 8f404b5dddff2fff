lib: {
  # Names of the outputs that a user of the package wants to have; only `out` here.
  chooseDevOutputs = map lib.getDev;
}
