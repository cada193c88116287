/** Charts of the made-up practice that this workstation does not keep. */
import type { Backend } from '../backend';
import type { ChartView } from '../bindings';
import type { FakeClinic } from '../fake';
import { nothingClinical } from './charts';
import { failure } from './failures';

const NOTE = 'Not kept on this workstation. What is missing here may exist.';

/** Takes out of a chart what a workstation does not keep; who it is and the appointments stay. */
export function withoutChart(view: ChartView): ChartView {
  const kept = ['demographics', 'appointments'];
  return {
    ...view,
    away: { until: null },
    banner: { ...view.banner, allergies: view.banner.allergies && { title: 'Allergies unavailable', items: [], asOf: null, masked: false } },
    ...nothingClinical(),
    coverage: [],
    freshness: view.freshness.map((row) => (kept.includes(row.section) ? row : { ...row, asOf: null, stale: true, note: NOTE })),
  };
}

/** A chart as this workstation has it. */
export function asKept(clinic: FakeClinic, view: ChartView): ChartView {
  const until = clinic.away.get(view.patientId);
  if (until === undefined) return view;
  return until === null ? withoutChart(view) : { ...view, away: { until } };
}

export function awayCommands(clinic: () => FakeClinic, open: Backend['openChart']): Pick<Backend, 'fetchChart'> {
  return {
    async fetchChart({ patientId }) {
      if (!clinic().online) throw failure('server-away');
      if (clinic().away.has(patientId)) clinic().away.set(patientId, '29-Nov-2026 10:15');
      return open({ patientId, reason: null });
    },
  };
}
