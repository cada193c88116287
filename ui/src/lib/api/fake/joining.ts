/** Charts of the made-up practice that are joined and separated. */
import { showDate } from '../../format/dates';
import type { Backend } from '../backend';
import type { ChartSide, IncludedChart, JoinForm } from '../bindings';
import type { FakeClinic } from '../fake';
import { failure } from './failures';
import { fullName, PATIENTS, toRows, type FakePatient } from './patients';

function patient(id: string): FakePatient {
  const found = PATIENTS.find((one) => one.id === id);
  if (found === undefined) throw failure('not-found');
  return found;
}

/** The chart that is used in place of another, or that one itself. */
export function survivorOf(clinic: FakeClinic, id: string): string {
  const next = clinic.joined.get(id);
  return next === undefined ? id : survivorOf(clinic, next);
}

export function includedIn(clinic: FakeClinic, id: string): IncludedChart[] {
  const own = [...clinic.joined].filter(([, survivor]) => survivor === id).map(([one]) => patient(one));
  return own.flatMap((one) => [
    { patientId: one.id, partOf: id, name: fullName(one), born: showDate(one.born), mrn: one.mrn },
    ...includedIn(clinic, one.id),
  ]);
}

function side(one: FakePatient): ChartSide {
  const phones = one.phone === null ? [] : [one.phone];
  return { patientId: one.id, name: fullName(one), born: showDate(one.born), sex: one.sex, mrn: one.mrn, phones, address: '18 Quarry Lane, Ashby Falls, OR 97999' };
}

export function joiningCommands(clinic: () => FakeClinic): Pick<Backend, 'alikeCharts' | 'countAlike' | 'alikePairs' | 'compareCharts' | 'joinCharts' | 'tellChartsApart' | 'takeBackApart' | 'separateCharts'> {
  const both = ({ survivorId, supersededId }: JoinForm): [FakePatient, FakePatient] => {
    const { person } = clinic();
    if (person === null) throw failure('locked');
    if (!person.canJoinCharts) throw failure('not-your-role');
    if (survivorId === supersededId) throw failure('form-invalid');
    return [patient(survivorId), patient(supersededId)];
  };
  const pair = ({ survivorId, supersededId }: JoinForm): string => [survivorId, supersededId].sort().join(' ');
  const areApart = (survivorId: string, supersededId: string): boolean => clinic().apart.has(pair({ survivorId, supersededId }));
  const namesakes = (apart: boolean): [FakePatient, FakePatient][] =>
    PATIENTS.flatMap((one, index) => PATIENTS.slice(index + 1).map((other): [FakePatient, FakePatient] => [one, other])).filter(
      ([one, other]) =>
        fullName({ ...one, title: '' }) === fullName({ ...other, title: '' }) &&
        !clinic().joined.has(one.id) &&
        !clinic().joined.has(other.id) &&
        areApart(one.id, other.id) === apart,
    );
  return {
    async countAlike() {
      return clinic().person?.canJoinCharts ? namesakes(false).length : 0;
    },
    async alikePairs({ apart }) {
      const pairs = namesakes(apart);
      clinic().settled.push(pairs.flat().map(({ id }) => id));
      const rows = pairs.map(([one, other]) => ({ one: side(one), other: side(other), certain: false, reasons: ['same-name', 'same-sex', 'other-birth-date'] }));
      return { total: namesakes(false).length, rows };
    },
    async alikeCharts({ patientId }) {
      const { family, given } = patient(patientId);
      const alike = PATIENTS.filter((one) => one.id !== patientId && one.family === family && one.given === given && !clinic().joined.has(one.id) && !areApart(patientId, one.id));
      clinic().settled.push(alike.map((one) => one.id));
      return toRows(alike, new Date()).map((row) => ({ row, certain: false }));
    },
    async compareCharts(form) {
      const [one, other] = both(form);
      const same = (what: (patient: FakePatient) => string): boolean => what(one) === what(other);
      const reasons = [
        same(({ family, given }) => `${family} ${given}`) ? 'same-name' : same(({ family }) => family) ? 'other-given-name' : 'other-name',
        same(({ born }) => showDate(born)) ? 'same-birth-date' : 'other-birth-date',
        same(({ sex }) => sex) ? 'same-sex' : 'other-sex',
      ];
      return { survivor: side(one), superseded: side(other), certain: false, reasons, toldApart: clinic().apart.get(pair(form)) ?? null, refused: null };
    },
    async joinCharts(form) {
      both(form);
      if (clinic().joined.has(form.supersededId) || clinic().joined.has(form.survivorId)) throw failure('changed-meanwhile');
      clinic().joined.set(form.supersededId, form.survivorId);
      clinic().queue('Patient', form.survivorId);
      return { saved: true, warnings: [], changeId: 'joined' };
    },
    async tellChartsApart(form) {
      both(form);
      if (clinic().apart.has(pair(form))) throw failure('changed-meanwhile');
      clinic().apart.set(pair(form), `${clinic().person?.name}, ${showDate(new Date())}`);
      clinic().queue('Patient', form.survivorId);
      return { saved: true, warnings: [], changeId: 'apart' };
    },
    async takeBackApart(form) {
      both(form);
      if (!clinic().apart.delete(pair(form))) throw failure('changed-meanwhile');
      clinic().queue('Patient', form.survivorId);
      return { saved: true, warnings: [], changeId: 'taken-back' };
    },
    async separateCharts(form) {
      both(form);
      if (clinic().joined.get(form.supersededId) !== form.survivorId) throw failure('changed-meanwhile');
      clinic().joined.delete(form.supersededId);
      clinic().queue('Patient', form.survivorId);
      return { saved: true, warnings: [], changeId: 'separated' };
    },
  };
}
