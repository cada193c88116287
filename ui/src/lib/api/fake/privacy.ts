/** Alerts and daily reports of the made-up practice. */
import { showDate, showDateTime } from '../../format/dates';
import type { Backend } from '../backend';
import type { AlertRow, DayReportView } from '../bindings';
import type { FakeClinic } from '../fake';
import { failure } from './failures';

const PAGE = 50;
const DAY_MS = 86_400_000;

const alert = (number: number, hours: number, kind: string, person: string | null, device: string | null, detail: string): AlertRow => ({
  number,
  at: `${showDateTime(new Date(Date.now() - hours * 3_600_000))}:12`,
  kind,
  person,
  device,
  aboutMe: false,
  detail,
  closed: null,
});

/** As on a busy week: some open, one about the privacy officer, one that was closed. */
export function fakeAlerts(): AlertRow[] {
  return [
    alert(31, 2, 'mass-look-up', 'Lena Park', null, '43 patients in 60 minutes, until 27-Nov-2026 14:20:31'),
    alert(30, 9, 'off-hours', 'Dr Marcus Okafor', 'Exam room 2', 'at 27-Nov-2026 22:41:07'),
    alert(29, 11, 'off-hours', 'Irina Volkova', 'Front desk', 'at 27-Nov-2026 21:12:55'),
    alert(28, 26, 'sign-in-burst', null, 'Front desk', '11 failed sign-ins in 15 minutes'),
    alert(27, 30, 'code-reused', 'Dana Whitfield', 'Exam room 1', 'step 58823529'),
    alert(26, 50, 'backup-old', null, null, 'the last backup is 51 hours old'),
    alert(25, 75, 'stale-device', null, 'Home visit laptop', 'not heard of for 14 days'),
    { ...alert(24, 120, 'new-device', null, 'Exam room 2', 'enrolled'), closed: { by: 'Irina Volkova', at: `${showDateTime(new Date(Date.now() - 110 * 3_600_000))}:40`, outcome: 'expected' } },
  ];
}

function report(back: number, open: number): DayReportView {
  const date = new Date(Date.now() - back * DAY_MS);
  const iso = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
  const quiet = back === 2;
  const row = (what: string, events: number, agents: number, patients: number, failed = false) => ({ what, failed, events, agents, patients });
  return {
    day: iso(back),
    title: `${['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'][date.getDay()]} ${showDate(date)}`,
    timeZone: 'America/Chicago',
    madeAt: `${showDateTime(new Date())}:05`,
    earlier: back >= 6 ? null : iso(back + 1),
    later: back <= 1 ? null : iso(back - 1),
    events: quiet ? 0 : 1843,
    activity: quiet
      ? []
      : [
          row('rest/read', 912, 14, 203),
          row('rest/search-type', 611, 14, 340),
          row('rest/update', 148, 9, 131),
          row('110114/110122', 61, 16, 0),
          row('110114/110122', 13, 3, 0, true),
          row('110114/110123', 74, 16, 0),
          row('110106/disclose', 18, 4, 18),
          row('110113/110132', 6, 3, 2, true),
        ],
    alerts: quiet ? [] : [{ kind: 'off-hours', count: 2 }, { kind: 'sign-in-burst', count: 1 }],
    openAlerts: open,
    workstations: [
      { name: 'Home visit laptop', daysAway: 17, lookAt: ['certificate-ends-soon'] },
      { name: 'Front desk', daysAway: 0, lookAt: ['swap-plain'] },
    ],
  };
}

export function privacyCommands(clinic: () => FakeClinic): Pick<Backend, 'alerts' | 'closeAlert' | 'dayReport'> {
  const admit = (may: 'canReadAlerts' | 'canCloseAlerts'): void => {
    const { person, online } = clinic();
    if (person === null) throw failure('locked');
    if (!online) throw failure('server-away');
    if (!person[may]) throw failure('not-your-role');
  };
  const open = (): number => clinic().alerts.filter((row) => row.closed === null).length;
  return {
    async alerts({ before, all }) {
      admit('canReadAlerts');
      const me = clinic().person?.name ?? '';
      const rows = clinic()
        .alerts.filter((row) => (all || row.closed === null) && (before === null || row.number < before))
        .map((row) => ({ ...row, aboutMe: row.person === me }));
      return { alerts: rows.slice(0, PAGE), more: rows.length > PAGE, open: open(), readAt: `${showDateTime(new Date())}:30` };
    },
    async closeAlert({ number, outcome }) {
      admit('canCloseAlerts');
      const row = clinic().alerts.find((one) => one.number === number && one.closed === null);
      if (row === undefined) throw failure('server-refused');
      if (row.person === clinic().person?.name) throw failure('not-your-role');
      row.closed = { by: clinic().person?.name ?? '', at: `${showDateTime(new Date())}:31`, outcome };
      return open();
    },
    async dayReport({ day }) {
      admit('canReadAlerts');
      const back = day === null ? 1 : Math.round((Date.parse(new Date().toISOString().slice(0, 10)) - Date.parse(day)) / DAY_MS);
      return report(back, open());
    },
  };
}
