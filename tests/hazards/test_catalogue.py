"""The catalogue: each entry is called here the way people call it, and must be reported."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.hazards.catalogue import calls_of

CALLS = {
    "torch.load": "import torch\nX = torch.load('m.pt')",
    "torch.nn.Module.load_state_dict": "from torch import nn\nclass N(nn.Module): ...\nN().load_state_dict({})",
    "*.load_state_dict": "import torch\ntorch.nn.Linear(2, 2).load_state_dict({})",
    "*.__call__ of torch.nn": "import torch\nX = torch.nn.Linear(2, 2)(torch.ones(1, 2))",
    "*.forward of torch.nn": "import torch\nX = torch.nn.Linear(2, 2).forward(torch.ones(1, 2))",
    "*.half": "import torch\nX = torch.nn.Linear(2, 2).half()",
    "*.to": "import torch\nX = torch.nn.Linear(2, 2).to('cuda')",
    "*.cuda": "import torch\nX = torch.nn.Linear(2, 2).cuda()",
    "torch.cuda.is_available": "import torch\nX = torch.cuda.is_available()",
    "torch.cuda.device_count": "from torch.cuda import device_count\nX = device_count()",
    "torch.cuda.init": "import torch\ntorch.cuda.init()",
    "torch.cuda.set_device": "import torch\ntorch.cuda.set_device(0)",
    "torch.hub.load": "import torch\nX = torch.hub.load('a', 'b')",
    "torch.jit.load": "import torch\nX = torch.jit.load('m.pt')",
    "torch.compile": "import torch\nX = torch.compile(print)",
    "transformers.AutoModel.from_pretrained": "from transformers import AutoModel\nX = AutoModel.from_pretrained('x')",
    "*.from_pretrained": "import transformers\nX = transformers.BertModel.from_pretrained('x')",
    "transformers.pipeline": "from transformers import pipeline\nX = pipeline('ner')",
    "transformers.AutoTokenizer.from_pretrained":
        "from transformers import AutoTokenizer\nX = AutoTokenizer.from_pretrained('x')",
    "sentence_transformers.SentenceTransformer":
        "from sentence_transformers import SentenceTransformer\nX = SentenceTransformer('x')",
    "sentence_transformers.CrossEncoder": "from sentence_transformers import CrossEncoder\nX = CrossEncoder('x')",
    "*.encode": "from sentence_transformers import SentenceTransformer as S\nX = S('x').encode('a')",
    "langchain_huggingface.HuggingFaceEmbeddings":
        "from langchain_huggingface import HuggingFaceEmbeddings\nX = HuggingFaceEmbeddings()",
    "langchain_community.embeddings.HuggingFaceEmbeddings":
        "from langchain_community.embeddings import HuggingFaceEmbeddings\nX = HuggingFaceEmbeddings()",
    "llama_index.embeddings.huggingface.HuggingFaceEmbedding":
        "from llama_index.embeddings.huggingface import HuggingFaceEmbedding\nX = HuggingFaceEmbedding()",
    "FlagEmbedding.FlagModel": "from FlagEmbedding import FlagModel\nX = FlagModel('x')",
    "fastembed.TextEmbedding": "from fastembed import TextEmbedding\nX = TextEmbedding()",
    "open_clip.create_model_and_transforms": "import open_clip\nX = open_clip.create_model_and_transforms('x')",
    "spacy.load": "import spacy\nX = spacy.load('en')",
    "stanza.Pipeline": "import stanza\nX = stanza.Pipeline('en')",
    "flair.models.SequenceTagger.load": "from flair.models import SequenceTagger\nX = SequenceTagger.load('ner')",
    "litellm.completion": "from litellm import completion\nX = completion(model='x')",
    "litellm.Router": "from litellm import Router\nX = Router()",
    "litellm.embedding": "import litellm\nX = litellm.embedding(model='x')",
    "litellm.acompletion": "import litellm\nX = litellm.acompletion(model='x')",
    "faster_whisper.WhisperModel": "from faster_whisper import WhisperModel\nX = WhisperModel('base')",
    "ctranslate2.Translator": "import ctranslate2\nX = ctranslate2.Translator('m')",
    "ctranslate2.Generator": "import ctranslate2\nX = ctranslate2.Generator('m')",
    "whisper.load_model": "import whisper\nX = whisper.load_model('base')",
    "whisperx.load_model": "import whisperx\nX = whisperx.load_model('base')",
    "pyannote.audio.Pipeline.from_pretrained": "from pyannote.audio import Pipeline\nX = Pipeline.from_pretrained('x')",
    "easyocr.Reader": "import easyocr\nX = easyocr.Reader(['en'])",
    "paddleocr.PaddleOCR": "from paddleocr import PaddleOCR\nX = PaddleOCR()",
    "ultralytics.YOLO": "from ultralytics import YOLO\nX = YOLO('m.pt')",
    "insightface.app.FaceAnalysis": "from insightface.app import FaceAnalysis\nX = FaceAnalysis()",
    "rembg.new_session": "from rembg import new_session\nX = new_session()",
    "diffusers.DiffusionPipeline.from_pretrained":
        "from diffusers import DiffusionPipeline\nX = DiffusionPipeline.from_pretrained('x')",
    "vllm.LLM": "from vllm import LLM\nX = LLM('x')",
    "llama_cpp.Llama": "from llama_cpp import Llama\nX = Llama('m.gguf')",
    "tensorflow.keras.models.load_model": "import tensorflow as tf\nX = tf.keras.models.load_model('m')",
    "keras.models.load_model": "from keras.models import load_model\nX = load_model('m')",
    "tensorflow.saved_model.load": "import tensorflow as tf\nX = tf.saved_model.load('m')",
    "tensorflow_hub.load": "import tensorflow_hub as hub\nX = hub.load('m')",
    "tensorflow.Session": "import tensorflow as tf\nX = tf.Session()",
    "jax.devices": "import jax\nX = jax.devices()",
    "jax.numpy.*": "import jax.numpy as jnp\nX = jnp.zeros(3)",
    "onnxruntime.InferenceSession": "import onnxruntime as ort\nX = ort.InferenceSession('m.onnx')",
    "joblib.load": "import joblib\nX = joblib.load('m.pkl')",
    "joblib.Parallel": "from joblib import Parallel, delayed\nX = Parallel(2)(delayed(abs)(i) for i in range(3))",
    "*.fit": "from sklearn.svm import SVC\nX = SVC().fit([[0]], [0])",
    "*.predict": "from sklearn.svm import SVC\nX = SVC().predict([[0]])",
    "xgboost.train": "import xgboost as xgb\nX = xgb.train({}, None)",
    "xgboost.Booster": "import xgboost\nX = xgboost.Booster()",
    "lightgbm.train": "import lightgbm as lgb\nX = lgb.train({}, None)",
    "lightgbm.Booster": "import lightgbm\nX = lightgbm.Booster(model_file='m')",
    "catboost.CatBoost.load_model": "from catboost import CatBoost\nX = CatBoost().load_model('m')",
    "faiss.read_index": "import faiss\nX = faiss.read_index('i')",
    "*.search": "import faiss\nX = faiss.IndexFlatL2(4).search([[0] * 4], 1)",
    "chromadb.Client": "import chromadb\nX = chromadb.Client()",
    "chromadb.EphemeralClient": "import chromadb\nX = chromadb.EphemeralClient()",
    "chromadb.PersistentClient": "import chromadb\nX = chromadb.PersistentClient('p')",
    "lancedb.connect": "import lancedb\nX = lancedb.connect('p')",
    "polars.read_csv": "import polars as pl\nX = pl.read_csv('a.csv')",
    "polars.read_parquet": "import polars as pl\nX = pl.read_parquet('a.parquet')",
    "polars.DataFrame.group_by": "import polars as pl\nX = pl.DataFrame().group_by('a')",
    "dask.compute": "import dask\nX = dask.compute(1)",
    "dask.distributed.Client": "from dask.distributed import Client\nX = Client()",
    "ray.init": "import ray\nray.init()",
    "sqlalchemy.engine.Engine.connect": "from sqlalchemy import create_engine\ncreate_engine('').connect()",
    "nltk.download": "import nltk\nnltk.download('punkt')",
    "tiktoken.get_encoding": "import tiktoken\nX = tiktoken.get_encoding('cl100k_base')",
    "huggingface_hub.snapshot_download": "from huggingface_hub import snapshot_download\nX = snapshot_download('x')",
    "spacy.cli.download": "from spacy.cli import download\ndownload('en')",
    "grpc.insecure_channel": "import grpc\nX = grpc.insecure_channel('a:1')",
    "grpc.secure_channel": "import grpc\nX = grpc.secure_channel('a:1', None)",
    "google.cloud.pubsub_v1.PublisherClient": "from google.cloud import pubsub_v1\nX = pubsub_v1.PublisherClient()",
    "google.cloud.pubsub_v1.SubscriberClient":
        "from google.cloud.pubsub_v1 import SubscriberClient\nX = SubscriberClient()",
    "google.cloud.*Client":
        "from google.cloud import secretmanager\nX = secretmanager.SecretManagerServiceClient()",
    "google.cloud.*Client.from_service_account_*":
        "from google.cloud import storage\nX = storage.Client.from_service_account_json('k.json')",
    "firebase_admin.firestore.client": "from firebase_admin import firestore\nX = firestore.client()",
    "confluent_kafka.Producer": "from confluent_kafka import Producer\nX = Producer({})",
    "confluent_kafka.Consumer": "from confluent_kafka import Consumer\nX = Consumer({})",
    "confluent_kafka.SerializingProducer":
        "from confluent_kafka import SerializingProducer\nX = SerializingProducer({})",
    "confluent_kafka.DeserializingConsumer":
        "from confluent_kafka.deserializing_consumer import DeserializingConsumer\nX = DeserializingConsumer({})",
    "confluent_kafka.avro.AvroProducer": "from confluent_kafka.avro import AvroProducer\nX = AvroProducer({})",
    "confluent_kafka.avro.AvroConsumer": "from confluent_kafka.avro import AvroConsumer\nX = AvroConsumer({})",
    "confluent_kafka.admin.AdminClient": "from confluent_kafka.admin import AdminClient\nX = AdminClient({})",
    "kafka.KafkaProducer": "from kafka import KafkaProducer\nX = KafkaProducer()",
    "kafka.KafkaConsumer": "from kafka import KafkaConsumer\nX = KafkaConsumer('t')",
    "kafka.KafkaAdminClient": "from kafka.admin import KafkaAdminClient\nX = KafkaAdminClient()",
    "pymongo.MongoClient": "from pymongo import MongoClient\nX = MongoClient()",
    "mongoengine.connect": "from mongoengine import connect\nconnect('x')",
    "psycopg_pool.ConnectionPool": "from psycopg_pool import ConnectionPool\nX = ConnectionPool('dbname=x')",
    "psycopg_pool.ConnectionPool.open":
        "from psycopg_pool import ConnectionPool\nX = ConnectionPool('dbname=x', open=False)\nX.open()",
    "psycopg_pool.AsyncConnectionPool.open":
        "from psycopg_pool import AsyncConnectionPool\nX = AsyncConnectionPool('dbname=x', open=False)\nX.open()",
    "psycopg.connect": "import psycopg\nX = psycopg.connect('dbname=x')",
    "psycopg.Connection.connect": "import psycopg\nX = psycopg.Connection.connect('dbname=x')",
    "psycopg.AsyncConnection.connect": "import psycopg\nX = psycopg.AsyncConnection.connect('dbname=x')",
    "psycopg2.connect": "import psycopg2\nX = psycopg2.connect('dbname=x')",
    "psycopg2.pool.SimpleConnectionPool": "from psycopg2 import pool\nX = pool.SimpleConnectionPool(1, 2, 'dbname=x')",
    "psycopg2.pool.ThreadedConnectionPool":
        "import psycopg2.pool\nX = psycopg2.pool.ThreadedConnectionPool(1, 2, 'dbname=x')",
    "pymysql.connect": "import pymysql\nX = pymysql.connect(host='h')",
    "pymysql.Connection": "from pymysql.connections import Connection\nX = Connection(host='h')",
    "MySQLdb.connect": "import MySQLdb\nX = MySQLdb.connect('h')",
    "mysql.connector.connect": "import mysql.connector\nX = mysql.connector.connect(host='h')",
    "mysql.connector.pooling.MySQLConnectionPool":
        "from mysql.connector.pooling import MySQLConnectionPool\nX = MySQLConnectionPool()",
    "ldclient.get": "import ldclient\nX = ldclient.get()",
    "ldclient.LDClient": "from ldclient import LDClient\nX = LDClient(None)",
    "ldclient.client.LDClient": "from ldclient.client import LDClient\nX = LDClient(None)",
    "prometheus_client.start_http_server": "from prometheus_client import start_http_server\nstart_http_server(9100)",
    "prometheus_client.start_wsgi_server": "import prometheus_client\nprometheus_client.start_wsgi_server(9100)",
    "statsig.statsig.initialize": "from statsig import statsig\nstatsig.initialize('secret')",
    "elasticapm.Client": "from elasticapm import Client\nX = Client()",
    "opentelemetry.exporter.otlp.proto.grpc.*Exporter":
        "from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter\nX = OTLPSpanExporter()",
    "opentelemetry.sdk.trace.export.BatchSpanProcessor":
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\nX = BatchSpanProcessor(None)",
    "*.generate": "from transformers import AutoModelForCausalLM as M\nX = M.from_pretrained('x').generate()",
    "*.transcribe": "import whisper\nX = whisper.load_model('base').transcribe('a.wav')",
    "numpy.dot": "import numpy as np\nX = np.dot([1], [2])",
    "numpy.matmul": "import numpy as np\nX = np.matmul([1], [2])",
    "numpy.linalg.*": "import numpy as np\nX = np.linalg.svd([[1]])",
    "scipy.linalg.*": "from scipy import linalg\nX = linalg.inv([[1]])",
    "threading.Thread.start": "import threading\nthreading.Thread(target=print).start()",
    "threading.Timer.start": "from threading import Timer\nTimer(9, print).start()",
    "concurrent.futures.ThreadPoolExecutor.submit":
        "from concurrent.futures import ThreadPoolExecutor\nP = ThreadPoolExecutor(2)\nX = P.submit(abs, 1)",
    "concurrent.futures.ThreadPoolExecutor.map":
        "from concurrent.futures import ThreadPoolExecutor\nP = ThreadPoolExecutor(2)\nX = P.map(abs, [1])",
    "concurrent.futures.ProcessPoolExecutor.submit":
        "from concurrent.futures import ProcessPoolExecutor\nP = ProcessPoolExecutor(2)\nX = P.submit(abs, 1)",
    "concurrent.futures.ProcessPoolExecutor.map":
        "from concurrent.futures import ProcessPoolExecutor\nP = ProcessPoolExecutor(2)\nX = P.map(abs, [1])",
    "multiprocessing.pool.ThreadPool": "from multiprocessing.pool import ThreadPool\nX = ThreadPool(2)",
    "multiprocessing.Pool": "import multiprocessing\nX = multiprocessing.Pool(2)",
    "multiprocessing.Process.start": "from multiprocessing import Process\nProcess(target=print).start()",
    "apscheduler.schedulers.background.BackgroundScheduler.start":
        "from apscheduler.schedulers.background import BackgroundScheduler\nS = BackgroundScheduler()\nS.start()",
    "apscheduler.schedulers.asyncio.AsyncIOScheduler.start":
        "from apscheduler.schedulers.asyncio import AsyncIOScheduler\nS = AsyncIOScheduler()\nS.start()",
    "logging.handlers.QueueListener.start":
        "import queue\nfrom logging.handlers import QueueListener\nL = QueueListener(queue.Queue())\nL.start()",
    "watchdog.observers.Observer.start": "from watchdog.observers import Observer\nO = Observer()\nO.start()",
    "pika.BlockingConnection": "import pika\nX = pika.BlockingConnection()",
    "keras.applications.[A-Z]*": "from keras.applications.resnet50 import ResNet50\nX = ResNet50()",
    "tensorflow.keras.applications.[A-Z]*": "import tensorflow as tf\nX = tf.keras.applications.MobileNetV2()",
    "requests.Session.get": "import requests\nS = requests.Session()\nX = S.get('http://h')",
    "requests.session.post": "import requests\nX = requests.session().post('http://h')",
    "httpx.Client.get": "import httpx\nS = httpx.Client()\nX = S.get('http://h')",
    "urllib3.PoolManager.request": "import urllib3\nP = urllib3.PoolManager()\nX = P.request('GET', 'http://h')",
    "http.client.HTTPConnection.request":
        "import http.client\nC = http.client.HTTPConnection('h')\nC.request('GET', '/')",
    "http.client.HTTPSConnection.request":
        "from http.client import HTTPSConnection\nC = HTTPSConnection('h')\nC.request('GET', '/')",
    "boto3.client.*": "import boto3\nS = boto3.client('s3')\nX = S.list_buckets()",
    "boto3.Session.client.*": "import boto3\nX = boto3.Session().client('sqs').get_queue_url(QueueName='q')",
    "boto3.session.Session.client.*":
        "from boto3.session import Session\nX = Session().client('sqs').get_queue_url(QueueName='q')",
    "redis.StrictRedis": "from redis import StrictRedis\nX = StrictRedis(single_connection_client=True)",
    "redis.from_url": "import redis\nX = redis.from_url('redis://h', single_connection_client=True)",
    "redis.Redis.from_url": "import redis\nX = redis.Redis.from_url('redis://h', single_connection_client=True)",
    "redis.Redis": "import redis\nX = redis.Redis(single_connection_client=True)",
    "redis.Redis.pubsub.subscribe": "import redis\nP = redis.Redis().pubsub()\nP.subscribe('c')",
    "redis.StrictRedis.pubsub.psubscribe": "import redis\nP = redis.StrictRedis().pubsub()\nP.psubscribe('c')",
    "redis.from_url.pubsub.subscribe": "import redis\nredis.from_url('redis://h').pubsub().subscribe('c')",
    "redis.Redis.from_url.pubsub.subscribe": "import redis\nredis.Redis.from_url('redis://h').pubsub().subscribe('c')",
    "sqlite3.connect": "import sqlite3\nX = sqlite3.connect('a.db')",
    "*.__matmul__ of torch": "import torch\nA = torch.rand(9, 9)\nX = A @ A",
    "*.dot": "import numpy as np\nX = np.ones((9, 9)).dot(1)",
    "numpy.tensordot": "import numpy as np\nX = np.tensordot([1], [2])",
    "numpy.random.default_rng": "import numpy as np\nX = np.random.default_rng()",
    "random.Random": "import random\nX = random.Random()",
    "asyncio.new_event_loop.run_in_executor":
        "import asyncio\nL = asyncio.new_event_loop()\nX = L.run_in_executor(None, print)",
    "asyncio.get_event_loop.run_in_executor":
        "import asyncio\nX = asyncio.get_event_loop().run_in_executor(None, print)",
    "sentry_sdk.profiler.start_profiler": "import sentry_sdk\nsentry_sdk.profiler.start_profiler()",
    "UnleashClient.UnleashClient": "from UnleashClient import UnleashClient\nX = UnleashClient(url='u', app_name='a')",
    "influxdb_client.InfluxDBClient.write_api":
        "from influxdb_client import InfluxDBClient\nX = InfluxDBClient('u').write_api()",
    "paho.mqtt.client.Client.loop_start": "import paho.mqtt.client as mqtt\nC = mqtt.Client()\nC.loop_start()",
    "paho.mqtt.client.Client.connect": "import paho.mqtt.client as mqtt\nC = mqtt.Client()\nC.connect('h')",
    "paramiko.SSHClient.connect": "import paramiko\nC = paramiko.SSHClient()\nC.connect('h')",
    "cassandra.cluster.Cluster.connect": "from cassandra.cluster import Cluster\nX = Cluster(['h']).connect('k')",
    "oracledb.connect": "import oracledb\nX = oracledb.connect(dsn='d')",
    "pyodbc.connect": "import pyodbc\nX = pyodbc.connect('d')",
    "snowflake.connector.connect": "import snowflake.connector\nX = snowflake.connector.connect(user='u')",
    "smtplib.SMTP": "import smtplib\nX = smtplib.SMTP('h')",
    "smtplib.SMTP_SSL": "from smtplib import SMTP_SSL\nX = SMTP_SSL('h')",
    "zmq.Context.socket": "import zmq\nC = zmq.Context()\nX = C.socket(zmq.PUSH)",
    "*.getOrCreate": "from pyspark.sql import SparkSession\nX = SparkSession.builder.appName('a').getOrCreate()",
    "imaplib.IMAP4": "import imaplib\nX = imaplib.IMAP4('h')",
    "imaplib.IMAP4_SSL": "from imaplib import IMAP4_SSL\nX = IMAP4_SSL('h')",
    "poplib.POP3": "import poplib\nX = poplib.POP3('h')",
    "poplib.POP3_SSL": "import poplib\nX = poplib.POP3_SSL('h')",
    "ftplib.FTP": "import ftplib\nX = ftplib.FTP('h')",
    "ftplib.FTP_TLS": "import ftplib\nX = ftplib.FTP_TLS('h')",
    "socket.create_connection": "import socket\nX = socket.create_connection(('h', 1))",
    "socket.socket.connect": "import socket\nS = socket.socket()\nS.connect(('h', 1))",
    "ldap.initialize.simple_bind_s": "import ldap\nX = ldap.initialize('ldap://h')\nX.simple_bind_s()",
    "ldap3.Connection.bind": "import ldap3\nX = ldap3.Connection('h')\nX.bind()",
    "pymssql.connect": "import pymssql\nX = pymssql.connect('h')",
    "cx_Oracle.connect": "import cx_Oracle\nX = cx_Oracle.connect('h')",
    "cx_Oracle.SessionPool": "import cx_Oracle\nX = cx_Oracle.SessionPool('h')",
    "oracledb.create_pool": "import oracledb\nX = oracledb.create_pool(dsn='d')",
    "redshift_connector.connect": 'import redshift_connector\nX = redshift_connector.connect()',
    "databricks.sql.connect": 'from databricks import sql\nX = sql.connect()',
    "clickhouse_connect.get_client": 'import clickhouse_connect\nX = clickhouse_connect.get_client()',
    "clickhouse_driver.Client.execute": "from clickhouse_driver import Client\nC = Client('h')\nX = C.execute('q')",
    "pymemcache.client.base.Client.get": "from pymemcache.client.base import Client\nC = Client('h')\nX = C.get('k')",
    "pylibmc.Client.get": "import pylibmc\nC = pylibmc.Client(['h'])\nX = C.get('k')",
    "peewee.*Database.connect": "from peewee import PostgresqlDatabase\nD = PostgresqlDatabase('d')\nD.connect()",
    "kombu.Connection.connect": "from kombu import Connection\nC = Connection('amqp://h')\nC.connect()",
    "websocket.create_connection": "import websocket\nX = websocket.create_connection('ws://h')",
    "fabric.Connection.run": "from fabric import Connection\nC = Connection('h')\nX = C.run('ls')",
    "etcd3.client": 'import etcd3\nX = etcd3.client()',
    "pymilvus.connections.connect": "from pymilvus import connections\nconnections.connect('a')",
    "pymilvus.MilvusClient": "from pymilvus import MilvusClient\nX = MilvusClient('u')",
    "weaviate.connect_to_local": 'import weaviate\nX = weaviate.connect_to_local()',
    "weaviate.connect_to_weaviate_cloud": 'import weaviate\nX = weaviate.connect_to_weaviate_cloud()',
    "weaviate.connect_to_custom": 'import weaviate\nX = weaviate.connect_to_custom()',
    "lmdb.open": "import lmdb\nX = lmdb.open('d')",
    "lmdb.Environment": "import lmdb\nX = lmdb.Environment('d')",
    "selenium.webdriver.Chrome": 'from selenium import webdriver\nX = webdriver.Chrome()',
    "selenium.webdriver.Firefox": 'from selenium import webdriver\nX = webdriver.Firefox()',
    "selenium.webdriver.Remote": "from selenium import webdriver\nX = webdriver.Remote('u')",
    "playwright.sync_api.sync_playwright.start":
        'from playwright.sync_api import sync_playwright\nX = sync_playwright().start()',
    "pyspark.SparkContext": 'import pyspark\nX = pyspark.SparkContext()',
    "kazoo.client.KazooClient.start": "from kazoo.client import KazooClient\nZ = KazooClient('h')\nZ.start()",
    "pulsar.Client.create_producer": "import pulsar\nC = pulsar.Client('u')\nX = C.create_producer('t')",
    "newrelic.agent.register_application":
        "import newrelic.agent\nnewrelic.agent.initialize()\nnewrelic.agent.register_application(timeout=0)",
    "splitio.get_factory": "from splitio import get_factory\nX = get_factory('k')",
    "optimizely.optimizely.Optimizely": "from optimizely import optimizely\nX = optimizely.Optimizely(sdk_key='k')",
    "flagsmith.Flagsmith":
        "from flagsmith import Flagsmith\nX = Flagsmith(environment_key='k', enable_local_evaluation=True)",
    "configcatclient.get": "import configcatclient\nX = configcatclient.get('k')",
    "eppo_client.init": 'import eppo_client\nX = eppo_client.init(None)',
    "devcycle_python_sdk.DevCycleLocalClient":
        "from devcycle_python_sdk import DevCycleLocalClient\nX = DevCycleLocalClient('k', None)",
    "libhoney.init": "import libhoney\nlibhoney.init(writekey='k')",
    "opencensus.ext.azure.*Handler":
        'from opencensus.ext.azure.log_exporter import AzureLogHandler\nX = AzureLogHandler()',
    "opencensus.ext.azure.*Exporter":
        'from opencensus.ext.azure.trace_exporter import AzureExporter\nX = AzureExporter()',
    "pyroscope.configure": "import pyroscope\npyroscope.configure(application_name='a')",
    "fluent.asyncsender.FluentSender": "from fluent import asyncsender\nX = asyncsender.FluentSender('a')",
    "jaeger_client.Config.initialize_tracer": 'from jaeger_client import Config\nX = Config({}).initialize_tracer()',
    "segment.analytics.track": "import segment.analytics as analytics\nanalytics.track('u', 'e')",
    "segment.analytics.identify": "import segment.analytics as analytics\nanalytics.identify('u', 'e')",
    "segment.analytics.page": "import segment.analytics as analytics\nanalytics.page('u', 'e')",
    "segment.analytics.group": "import segment.analytics as analytics\nanalytics.group('u', 'e')",
    "rudderstack.analytics.track": "import rudderstack.analytics as analytics\nanalytics.track('u', 'e')",
    "rudderstack.analytics.identify": "import rudderstack.analytics as analytics\nanalytics.identify('u', 'e')",
    "rudderstack.analytics.page": "import rudderstack.analytics as analytics\nanalytics.page('u', 'e')",
    "rudderstack.analytics.group": "import rudderstack.analytics as analytics\nanalytics.group('u', 'e')",
    "google.cloud.logging.Client.setup_logging":
        'import google.cloud.logging as logging\nC = logging.Client()\nC.setup_logging()',
    "gpt4all.GPT4All": "from gpt4all import GPT4All\nX = GPT4All('m')",
    "detoxify.Detoxify": "from detoxify import Detoxify\nX = Detoxify('original')",
    "keybert.KeyBERT": 'from keybert import KeyBERT\nX = KeyBERT()',
    "bertopic.BERTopic.load": "from bertopic import BERTopic\nX = BERTopic.load('m')",
    "presidio_analyzer.AnalyzerEngine": 'from presidio_analyzer import AnalyzerEngine\nX = AnalyzerEngine()',
    "face_recognition.face_encodings": "import face_recognition\nX = face_recognition.face_encodings('i')",
    "gensim.models.*.load": "import gensim\nX = gensim.models.Word2Vec.load('m')",
    "crochet.setup": "from crochet import setup\nsetup()",
    "seqlog.log_to_seq": "import seqlog\nseqlog.log_to_seq(server_url='http://h')",
    "seqlog.configure_from_dict": "import seqlog\nseqlog.configure_from_dict({})",
    "seqlog.configure_from_file": "import seqlog\nseqlog.configure_from_file('log.yml')",
    "seqlog.structured_logging.SeqLogHandler": "from seqlog import SeqLogHandler\nX = SeqLogHandler('http://h')",
    "jpype.startJVM": "import jpype\njpype.startJVM(classpath=['a.jar'])",
    "skywalking.agent.start": "from skywalking import agent\nagent.start()",
    "grpc.aio.insecure_channel": "import grpc\nX = grpc.aio.insecure_channel('h:1')",
    "grpc.aio.secure_channel": "from grpc import aio\nX = aio.secure_channel('h:1', None)",
    "cassandra.cqlengine.connection.setup":
        "from cassandra.cqlengine import connection\nconnection.setup(['h'], 'books')",
    "cassandra.cqlengine.connection.register_connection":
        "from cassandra.cqlengine.connection import register_connection\nregister_connection('a', ['h'])",
    "neo4j.GraphDatabase.driver.verify_connectivity":
        "from neo4j import GraphDatabase\nX = GraphDatabase.driver('bolt://h')\nX.verify_connectivity()",
    "neo4j.GraphDatabase.driver.session.run":
        "import neo4j\nX = neo4j.GraphDatabase.driver('bolt://h')\nwith X.session() as s: s.run('RETURN 1')",
    "fluent.sender.FluentSender.emit":
        "from fluent import sender\nX = sender.FluentSender('app')\nX.emit('start', {})",
    "jax.random.*": "import jax\nX = jax.random.key(1)",
    "jax.device_count": "import jax\nX = jax.device_count()",
    "*.__call__ of torch.load": "import torch\nM = torch.load('m.pt')\nX = M([1])",
    "*.forward of torch.load": "import torch\nM = torch.jit.load('m.pt')\nX = M.forward([1])",
    "*.__call__ of jax.jit": "import jax\n@jax.jit\ndef step(x): return x + 1\nX = step(1.0)",
    "*.__call__ of tensorflow.function":
        "import tensorflow as tf\n@tf.function(jit_compile=True)\ndef step(x): return x + 1\nX = step(1.0)",
    "asgiref.sync.SyncToAsync.__call__":
        "import asyncio\nfrom asgiref.sync import sync_to_async\n"
        "async def f(): return await sync_to_async(len)('a')\nX = asyncio.run(f())",
    "sqlalchemy.ext.asyncio.AsyncEngine.connect":
        "import asyncio\nfrom sqlalchemy.ext.asyncio import create_async_engine\nE = create_async_engine('a://h/b')\n"
        "async def f():\n    async with E.begin() as c: await c.run_sync(print)\nasyncio.run(f())",
    "fasttext.load_model": "import fasttext\nX = fasttext.load_model('m')",
    "psycopg2.pool.PersistentConnectionPool": "from psycopg2 import pool\nX = pool.PersistentConnectionPool(1, 2)",
    "pymysql.Connect": "import pymysql\nX = pymysql.Connect(host='h')",
    "MySQLdb.Connect": "import MySQLdb\nX = MySQLdb.Connect(host='h')",
    "MySQLdb.Connection": "from MySQLdb import Connection\nX = Connection(host='h')",
    "mysql.connector.MySQLConnection": "from mysql.connector import MySQLConnection\nX = MySQLConnection(host='h')",
    "google.cloud.*Client.create_anonymous_client":
        "from google.cloud import storage\nX = storage.Client.create_anonymous_client()",
    "google.cloud.sql.connector.Connector": "from google.cloud.sql.connector import Connector\nX = Connector()",
    "firebase_admin.firestore_async.client": "from firebase_admin import firestore_async\nX = firestore_async.client()",
    "statsig_python_core.Statsig.initialize":
        "from statsig_python_core import Statsig\nS = Statsig('k')\nS.initialize().wait()",
    "logging.getHandlerByName.listener.start":
        "import logging\nH = logging.getHandlerByName('queue')\nH.listener.start()",
    "redis.Redis.pubsub.run_in_thread": "import redis\nP = redis.Redis().pubsub()\nX = P.run_in_thread()",
    "redis.StrictRedis.pubsub.run_in_thread": "import redis\nP = redis.StrictRedis().pubsub()\nX = P.run_in_thread()",
    "redis.from_url.pubsub.run_in_thread": "import redis\nX = redis.from_url('redis://h').pubsub().run_in_thread()",
    "redis.Redis.from_url.pubsub.run_in_thread":
        "import redis\nX = redis.Redis.from_url('redis://h').pubsub().run_in_thread()",
    "numpy.random.RandomState": "import numpy as np\nX = np.random.RandomState()",
    "numpy.random.seed": "import numpy as np\nnp.random.seed()",
    "numpy.random.shuffle": "import numpy as np\nnp.random.shuffle([1, 2])",
    "*.fit_predict": "from sklearn.cluster import KMeans\nX = KMeans(2).fit_predict([[1], [2]])",
    "sklearn.model_selection.cross_val_score":
        "from sklearn.model_selection import cross_val_score\nX = cross_val_score(None, [[1]], [1])",
    "torch.einsum": "import torch\nX = torch.einsum('ij,jk', torch.rand(9, 9), torch.rand(9, 9))",
    "torch.linalg.*": "import torch\nX = torch.linalg.svd(torch.rand(9, 9))",
    "torch.nn.functional.*": "import torch.nn.functional as F\nX = F.normalize(1)",
    "torch.zeros": "import torch\nX = torch.zeros(9, device='cuda')",
    "torch.set_default_device": "import torch\ntorch.set_default_device('cuda')",
    "boto3.resource.Table.get_item":
        "import boto3\nT = boto3.resource('dynamodb').Table('t')\nX = T.get_item(Key={})",
    "boto3.resource.Bucket.upload_file": "import boto3\nB = boto3.resource('s3').Bucket('b')\nB.upload_file('a', 'b')",
    "boto3.resource.Object.get": "import boto3\nX = boto3.resource('s3').Object('b', 'k').get()",
    "boto3.resource.buckets.all": "import boto3\nX = [*boto3.resource('s3').buckets.all()]",
    "boto3.resource.Queue.send_message": "import boto3\nX = boto3.resource('sqs').Queue('u').send_message()",
    "boto3.resource.get_queue_by_name": "import boto3\nX = boto3.resource('sqs').get_queue_by_name(QueueName='q')",
    "boto3.Session.resource.Table.get_item":
        "from boto3 import Session\nX = Session().resource('dynamodb').Table('t').get_item(Key={})",
    "boto3.Session.resource.Bucket.load": "from boto3 import Session\nX = Session().resource('s3').Bucket('b').load()",
    "boto3.Session.resource.Object.load": "import boto3\nX = boto3.Session().resource('s3').Object('b', 'k').load()",
    "boto3.Session.resource.buckets.all": "import boto3\nX = [*boto3.Session().resource('s3').buckets.all()]",
    "boto3.Session.resource.Queue.load": "import boto3\nX = boto3.Session().resource('sqs').Queue('u').load()",
    "boto3.Session.resource.create_queue": "import boto3\nX = boto3.Session().resource('sqs').create_queue()",
}  # fmt: skip
"""For each entry a call at import time, the last line of which has to be reported."""
UNTOLD = {"kombu.transport.gcpubsub", "asyncio.to_thread", "asyncio.get_running_loop.run_in_executor"}
"""Entries for what another call decides: tests/library/test_celery_transports.py and test_standard_tasks.py."""

HARMLESS = {
    "a thread of a loop that is closed": "import asyncio\nL = asyncio.new_event_loop()\n"
        "async def f(): await asyncio.to_thread(print)\nL.run_until_complete(f())\nL.close()",
    "a pool of psycopg2 that waits": "from psycopg2 import pool\nX = pool.ThreadedConnectionPool(0, 9, dsn='d')",
    "a channel that is closed": "import grpc\nwith grpc.insecure_channel('h:1') as c:\n    X = c",
    "a Parallel that works alone": "from joblib import Parallel\nX = Parallel(n_jobs=1)([])\nY = Parallel()([])",
    "a Parallel with threads": "from joblib import Parallel\nX = Parallel(n_jobs=2, prefer='threads')([])",
    "a tensor on the CPU": "import torch\nX = torch.zeros(9, device='cpu')",
    "a seed that is written out": "import random\nimport numpy as np\nrandom.seed(1)\nnp.random.seed(42)",
    "words that are counted":
        "from sklearn.feature_extraction.text import TfidfVectorizer\nX = TfidfVectorizer().fit_transform(['a'])",
    "a loop that runs a coroutine":
        "import asyncio\nasync def f(): ...\nL = asyncio.new_event_loop()\nX = L.run_until_complete(f())",
    "identifiers and contexts": "import ssl, uuid\nX = uuid.uuid4()\nC = ssl.create_default_context()",
    "what is called at the end": "import atexit\natexit.register(print)",
    "groups": "import pandas as pd\nX = pd.DataFrame({'a': [1]}).groupby('a').apply(len)",
    "a cursor of Django": "from django.db import connection\nwith connection.cursor() as c:\n    c.execute('SELECT 1')",
    "a question that NVML answers":
        "import os\nos.environ['PYTORCH_NVML_BASED_CUDA_CHECK'] = '1'\nimport torch\nX = torch.cuda.is_available()",
    "figures of all children": "from prometheus_client import CollectorRegistry, multiprocess, start_http_server\n"
        "R = CollectorRegistry()\nmultiprocess.MultiProcessCollector(R)\nstart_http_server(8000, registry=R)",
    "a client of Mongo that waits": "from pymongo import MongoClient\nX = MongoClient(connect=False)",
    "a connection of mongoengine that waits": "from mongoengine import connect\nconnect('x', connect=False)",
    "Flask's PyMongo": "from flask_pymongo import PyMongo\nX = PyMongo()",
    "motor": "from motor.motor_asyncio import AsyncIOMotorClient\nX = AsyncIOMotorClient('h')",
    "what is no client": "from google.cloud import storage\nX = storage.Bucket(None, 'x')",
    "what preprocesses an image": "from keras.applications.resnet50 import preprocess_input\nX = preprocess_input(1)",
    "the exporter over HTTP":
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\nX = OTLPSpanExporter()",
    "a reader of metrics":
        "from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader as R\nX = R(None)",
    "the gRPC exporter's package":
        "from opentelemetry.exporter.otlp.proto.grpc import version\nX = version",
    "posthog": "from posthog import Posthog\nX = Posthog('k')",
    "langfuse": "from langfuse import Langfuse\nX = Langfuse()",
    "requests once": "import requests\nX = requests.get('http://h')",
    "a session that is only made":
        "import requests\nS = requests.Session()\nS.headers.update({})\nS.mount('http://', None)",
    "a session that is closed": "import requests\nwith requests.Session() as s:\n    X = s.get('http://h')",
    "a client of httpx that is closed": "import httpx\nc = httpx.Client()\nX = c.get('http://h').json()\nc.close()",
    "a client of boto3": "import boto3\nX = boto3.client('s3')\nP = X.get_paginator('list_objects_v2')",
    "redis": "import redis\nX = redis.Redis()\nX.get('a')\nP = X.pubsub()",
    "redis whose keyword is not known":
        "import redis, os\nX = redis.Redis(single_connection_client=bool(os.environ['X']))",
    "sqlite in memory": "import sqlite3\nX = sqlite3.connect(':memory:')",
    "sqlite that is closed":
        "import sqlite3, contextlib\nwith contextlib.closing(sqlite3.connect('a.db')) as c:\n    X = c.execute('')",
    "matrices of nobody": "class M:\n    def __matmul__(self, other): return 1\nX = M() @ M()",
    "products of elements": "import numpy as np\nX = np.ones(3) * np.ones(3)",
    "a generator with a seed":
        "import random\nimport numpy as np\nX = np.random.default_rng(42)\nR = random.Random(1)",
    "a generator with unknown arguments": "import random, os\nX = random.Random(*os.environ)",
    "asyncio.run": "import asyncio\nasync def f(): await asyncio.to_thread(print)\nasyncio.run(f())",
    "a loop that is closed": "import asyncio\nL = asyncio.new_event_loop()\nL.run_in_executor(None, print)\nL.close()",
    "a manager": "import multiprocessing\nM = multiprocessing.Manager()\nD = M.dict()",
    "sentry with profiles": "import sentry_sdk\nsentry_sdk.init('d', profiles_sample_rate=1.0)",
    "ddtrace's patches": "import ddtrace\nddtrace.patch_all()",
    "a server of FTP that is not connected yet": "import ftplib\nX = ftplib.FTP()",
    "a socket that listens": "import socket\nX = socket.socket()\nX.bind(('', 1))",
    "a socket that is closed": "import socket\nwith socket.create_connection(('h', 1)) as s:\n    X = s.recv(1)",
    "flags that are asked for": "from flagsmith import Flagsmith\nX = Flagsmith(environment_key='k')",
    "flags from a file": "from splitio import get_factory\nX = get_factory('localhost')",
    "a log of loguru": "from loguru import logger\nX = logger.add('x.log', enqueue=True)",
    "a database of peewee": "from peewee import SqliteDatabase\nX = SqliteDatabase('d')",
    "a log of fluentd that waits": "from fluent import sender\nX = sender.FluentSender('app')",
    "a connection of Cassandra's models that waits":
        "from cassandra.cqlengine import connection\nconnection.setup(['h'], 'books', lazy_connect=True)",
    "a driver of neo4j that waits": "from neo4j import GraphDatabase\nX = GraphDatabase.driver('bolt://h')",
    "a driver of neo4j that is closed":
        "from neo4j import GraphDatabase\nwith GraphDatabase.driver('bolt://h') as d:\n"
        "    with d.session() as s: s.run('RETURN 1')",
    "an asynchronous engine that is closed":
        "import asyncio\nfrom sqlalchemy.ext.asyncio import create_async_engine\nE = create_async_engine('a://h/b')\n"
        "async def f():\n    async with E.begin() as c: print(c)\n    await E.dispose()\nasyncio.run(f())",
    "an engine of a database in memory":
        "from sqlalchemy import create_engine\nwith create_engine('sqlite://').connect() as c: c.execute('x')",
    "a client of kazoo": "from kazoo.client import KazooClient\nX = KazooClient('h')",
    "mail that is sent": "import smtplib\nwith smtplib.SMTP('h') as s:\n    s.sendmail('a', 'b', 'c')",
}  # fmt: skip


def reported(root: Path, body: str) -> set[tuple[int, str]]:
    """Lines and codes of the warm-ups in a module of tasks."""
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/tasks.py": body,
             "p/celery.py": "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n"}  # fmt: skip
    found = found_codes(check(write(root, files)), root)
    return {(line, code) for path, line, code in found if path == "p/tasks.py" and code.startswith("FS11")}


def named_entries() -> dict[str, dict[str, Any]]:
    """The entry of each call; where several are for objects of different packages, with the first of these."""
    text = files("flake8_forksafe.hazards").joinpath("hazards.toml").read_text(encoding="utf-8")
    pairs = [(call, entry) for entry in tomllib.loads(text)["warmup"] if entry["rule"] for call in calls_of(entry)]
    times = Counter(call for call, _ in pairs)
    return {call if times[call] == 1 else f"{call} of {entry['of'][0]}": entry for call, entry in pairs}


def test_every_entry_has_a_call() -> None:
    entries = named_entries()
    tried = [entry for call, entry in entries.items() if call in CALLS or call in UNTOLD]
    assert [entry["call"] for entry in entries.values() if entry not in tried] == []
    assert {*CALLS, *UNTOLD} <= {*entries}


@pytest.mark.parametrize("call", CALLS)
def test_an_entry_is_reported(tmp_path: Path, call: str) -> None:
    found = {code for line, code in reported(tmp_path, CALLS[call]) if line == len(CALLS[call].splitlines())}
    assert named_entries()[call]["rule"] in found


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_call_is_not_reported(tmp_path: Path, name: str) -> None:
    assert reported(tmp_path, HARMLESS[name]) == set()
