export const ARCHIVE_FORMS = ["hybrid", "skopeo"] as const;

/** `hybrid` is what all engines take; `skopeo` has the very bytes that skopeo writes. */
export type ArchiveForm = (typeof ARCHIVE_FORMS)[number];
