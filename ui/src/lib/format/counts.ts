/** A count with a comma at the thousands, whatever the settings of the computer say: `1,843`. */
export function showCount(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
