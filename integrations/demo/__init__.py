"""The main job as a show: a dealership, its books here and in the simulated QuickBooks, brought together and proven."""
