/** A day's report as lines of text, for a file of one's own or a message. Counts only: no person and no patient is in it. */
import type { DayReportView } from '../api/bindings';
import { text } from '../text';

const t = text.privacy;
const r = t.report;

export function asText(report: DayReportView): string {
  const lines = [`${text.product}: ${t.tabs.reports}`, report.title, r.made(report.madeAt, report.timeZone), ''];
  lines.push(report.events === 0 ? r.empty : r.events(report.events));
  for (const row of report.activity) {
    const failed = row.failed ? `, ${r.failed}` : '';
    lines.push(`- ${t.activity(row.what)}${failed}: ${row.events} (${r.columns.agents.toLowerCase()}: ${row.agents}; ${r.columns.patients.toLowerCase()}: ${row.patients})`);
  }
  lines.push('', r.alerts);
  if (report.alerts.length === 0) lines.push(r.noAlerts);
  for (const row of report.alerts) lines.push(`- ${t.alert(row.kind).title}: ${r.times(row.count)}`);
  lines.push(r.openNow(report.openAlerts), '', r.workstations);
  if (report.workstations.length === 0) lines.push(r.noWorkstations);
  for (const row of report.workstations) lines.push(`- ${row.name}: ${r.away(row.daysAway)}; ${t.lookAt(row.lookAt)}`);
  return lines.join('\n');
}
