let
  license = spdxId: fullName: { inherit spdxId fullName; shortName = spdxId; free = true; };
in
{
  asl20 = license "Apache-2.0" "Apache License 2.0";
  bsd3 = license "BSD-3-Clause" "BSD 3-clause \"New\" or \"Revised\" License";
  gpl2Plus = license "GPL-2.0-or-later" "GNU General Public License v2.0 or later";
  gpl3Plus = license "GPL-3.0-or-later" "GNU General Public License v3.0 or later";
  isc = license "ISC" "ISC License";
  lgpl21Plus = license "LGPL-2.1-or-later" "GNU Lesser General Public License v2.1 or later";
  mit = license "MIT" "MIT License";
}
