/** Whether a section has anything to show, and whether that it has not is true. */
import type { ChartView, Section } from '../api/bindings';

const ROWS: Record<Section, (view: ChartView) => number> = {
  demographics: () => 1,
  appointments: (view) => view.appointments.length,
  coverage: (view) => view.coverage.length,
  problems: (view) => view.problems.length,
  medications: (view) => view.medications.current.length + view.medications.past.length,
  allergies: (view) => view.allergies.length,
  vitals: (view) => view.vitals.latest.length,
  labs: (view) => view.labs.length,
  immunizations: (view) => view.immunizations.length,
  encounters: (view) => view.encounters.length,
  notes: (view) => view.notes.length,
  documents: (view) => view.documents.length,
};

/** Nothing is here, and something may exist: it must not read "none recorded". */
export function isMissing(view: ChartView, section: Section): boolean {
  const fresh = view.freshness.find((row) => row.section === section);
  return fresh?.asOf === null && ROWS[section](view) === 0;
}
