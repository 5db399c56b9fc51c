// Where some towns lie, for a network whose weather service has not found them (yet): labs have no internet.

import { townAndCountry } from "./country.js";
import { plain } from "./location.js";

/** @type {Record<string, [number, number]>} longitude and latitude in degrees */
const TOWNS = {
  "a coruña": [-8.41, 43.36], albacete: [-1.86, 38.99], alcoy: [-0.47, 38.7], alicante: [-0.48, 38.35], almería: [-2.46, 36.84],
  altea: [-0.05, 38.6], badajoz: [-6.97, 38.88], barcelona: [2.17, 41.39], benidorm: [-0.13, 38.54], bilbao: [-2.93, 43.26],
  burgos: [-3.7, 42.34], cáceres: [-6.37, 39.48], cádiz: [-6.29, 36.53], calpe: [0.04, 38.64], cartagena: [-0.99, 37.61],
  castellón: [-0.04, 39.99], córdoba: [-4.78, 37.88], cuenca: [-2.13, 40.07], dénia: [0.11, 38.84], elche: [-0.7, 38.27], elda: [-0.79, 38.48],
  gandia: [-0.18, 38.97], gijón: [-5.66, 43.54], girona: [2.82, 41.98], granada: [-3.6, 37.18], guadalajara: [-3.17, 40.63],
  huelva: [-6.95, 37.26], huesca: [-0.41, 42.14], jaén: [-3.79, 37.77], jávea: [0.17, 38.79], león: [-5.57, 42.6], lisboa: [-9.14, 38.72],
  lleida: [0.62, 41.62], logroño: [-2.45, 42.47], madrid: [-3.7, 40.42], málaga: [-4.42, 36.72], murcia: [-1.13, 37.99], orihuela: [-0.94, 38.08],
  oviedo: [-5.85, 43.36], palma: [2.65, 39.57], pamplona: [-1.64, 42.81], salamanca: [-5.66, 40.97], "san sebastián": [-1.98, 43.32],
  "san vicente": [-0.52, 38.4], santander: [-3.81, 43.46], santiago: [-8.54, 42.88], segovia: [-4.12, 40.94], sevilla: [-5.98, 37.39],
  soria: [-2.46, 41.76], tarragona: [1.25, 41.12], teruel: [-1.11, 40.34], toledo: [-4.02, 39.86], torrevieja: [-0.68, 37.98], valencia: [-0.38, 39.47],
  valladolid: [-4.73, 41.65], vigo: [-8.72, 42.24], villena: [-0.87, 38.63], vitoria: [-2.67, 42.85], zamora: [-5.75, 41.5], zaragoza: [-0.89, 41.65],
};
const KNOWN = new Map(Object.entries(TOWNS).map(([name, at]) => [plain(name), at]));
const HERE = ["", "ES", "PT"];

/** Return longitude and latitude of a known town; "Campus, Alicante" lies in Alicante, "Guadalajara, MX" is another one. @param {string} name @returns {[number, number]|undefined} */
export function townOf(name) {
  const [town, country] = townAndCountry(name);
  return HERE.includes(country) ? KNOWN.get(plain(town)) ?? KNOWN.get(plain(town.split(",").at(-1) ?? "")) : undefined;
}
