/** What the file `oci-layout` holds (OCI image-spec, image-layout.md). */
export const LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}';
