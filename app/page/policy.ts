// What may a page of ours load, and where may its forms lead?

/**
 * Scripts are files of ours; a log's text cannot become one. Style attributes are the colours that AnsiUp has no class for. `forms`: where
 * else a form may be sent; browsers hold its redirects to that, too.
 */
export const policyWith = (forms = ''): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; connect-src 'self'; form-action 'self'${forms}; base-uri 'none'; frame-ancestors 'none'`;
