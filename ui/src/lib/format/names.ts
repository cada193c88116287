/** Names as the patient banner guidance wants them. */
import type { BannerView } from '../api/bindings';

/** `FAMILY, Given (Title)`; the title only where there is one. */
export function bannerName(banner: Pick<BannerView, 'family' | 'given' | 'title'>): string {
  const title = banner.title === '' ? '' : ` (${banner.title})`;
  return `${banner.family}, ${banner.given}${title}`;
}

/** `14-Jul-1945 (81y)`, or the date alone where the age is not known. */
export function bornWithAge(born: string, age: string): string {
  return age === '' ? born : `${born} (${age})`;
}
